"""Turns labels into coordinates: which category a row or column stands for, and which ones stand for all together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from egress.inspection.headers import GROUP_SIZE, words_of
from egress.inspection.vocabulary import words

SPACES = re.compile(r"\s+")
ALL = ""  # the coordinate of a total, and of a column that only says that it counts
TOTAL_WORDS = words("total totals all sum overall grand both any combined margin")
#: Words that say that something is counted, and nothing of what: "n", "All patients", "Number of people".
PLAIN = words(
    """n no number of count counts freq frequency patients patient people persons person participants cohort population
    ages sexes genders groups group regions categories the in size value values % percent distinct unique id"""
)


def says_total(label: str) -> bool:
    """True for "Total", "All ages", "Both sexes", "Grand total", and for subtotals: "Total North"."""
    said = words_of(label)
    return bool(said) and (said[0] in TOTAL_WORDS or said[-1] in TOTAL_WORDS)


def is_grand_total(label: str) -> bool:
    """True for a total of everything: no word names a part."""
    return says_total(label) and coordinate(label) == ALL


def coordinates(labels: Sequence[str]) -> list[str]:
    """Coordinates of the labels of one column, or of the headers. Beside "Y" or "S", an "N" is a category."""
    letters = {label.lower() for label in labels if len(label) == 1 and label.isalpha()}
    lone = letters if len(letters) > 1 else set()
    return [label.lower() if label.lower() in lone else coordinate(label) for label in labels]


def coordinate(label: str) -> str:
    """The words of a label that name a category; ALL for a total and for a plain "n". Bands keep their signs: "<65"."""
    if any(letter.isdigit() for letter in label) and not says_total(label):
        return SPACES.sub(" ", GROUP_SIZE.sub("", label.lower()).replace("–", "-")).strip()
    if label.lower() == "no":  # the answer; the abbreviation has other words beside it
        return "no"
    return " ".join(word for word in words_of(label) if word not in PLAIN and word not in TOTAL_WORDS)


def column_coordinates(labels: Sequence[str]) -> list[tuple[str, ...]]:
    """Coordinates of headers. Where a total of a part is among them ("2020 Total", "Total deaths"), each is cut in two.

    "2020 Male", "2020 Female", "2020 Total" vary in their last word; "Male deaths", "Total deaths" in their first.
    """
    cut = next((place for label in labels if (place := _cut_of(label)) is not None), None)
    if cut is None:
        return [(at,) for at in coordinates(labels)]
    return [_cut(label, cut) for label in labels]


def _cut_of(label: str) -> int | None:
    said = [word for word in words_of(label) if word not in PLAIN]
    if len(said) < 2 or (said[0] in TOTAL_WORDS) == (said[-1] in TOTAL_WORDS):
        return None
    return -1 if said[-1] in TOTAL_WORDS else 1


def _cut(label: str, place: int) -> tuple[str, str]:
    said = [word for word in words_of(label) if word not in PLAIN]
    first, last = (said[:place], said[place:]) if len(said) > 1 else (said, [])
    return " ".join(_without_totals(first)), " ".join(_without_totals(last))


def _without_totals(said: Sequence[str]) -> list[str]:
    return [word for word in said if word not in TOTAL_WORDS]


def filled_down(cells: Sequence[str]) -> list[str]:
    """Labels of a column in which a blank repeats the label above, as printed tables of groups do."""
    filled: list[str] = []
    for cell in cells:
        filled.append(cell or (filled[-1] if filled else ""))
    return filled
