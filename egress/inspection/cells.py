"""Value shapes: decides what the text of one table cell is: a number, a count, a suppressed mark, a date, a code."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

#: Zero-width and direction marks (Unicode Cf), which can split a number in two without being seen.
INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
SUPERSCRIPTS = re.compile("[\u00b9\u00b2\u00b3\u2070-\u207f]+$")

#: Ways in which published statistics write "not shown": NHS England SDE ("*" or 0), HES ("*"), the Government
#: Statistical Service's symbols for tables ([c] confidential, [x] not available, [z] not applicable, [low]).
SUPPRESSED = re.compile(
    r"""(?ix) \*+ | \[?(?:c|x|z|s|k|low|redacted|suppressed|masked|removed|hidden|confidential|not\ shown|disclosive)\]?
    | \((?:c|x|z|s|redacted|suppressed)\) | -+ | \.{1,3} | [–—:#†‡…] | n\.?/?a\.?n? | null | none | <na> | suppr\.?
    """
)
#: The marks above that nobody writes in a column that is not of protected counts.
DELIBERATE = re.compile(r"(?i)\*+|\[c\]|\(c\)|\[?(?:redacted|suppressed|masked|confidential|disclosive)\]?|suppr\.?")
BELOW = re.compile(
    r"(?i)(?:<\s*=?|≤|less than|under|fewer than|weniger als|moins de|menos de|meno di|minder dan)\s*(\d{1,4})"
)
BELOW_RANGE = re.compile(r"[01]\s*(?:-|–|to)\s*(\d{1,3})")

PLAIN_NUMBER = re.compile(r"[-+−]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|[-+−]?\.\d+(?:[eE][-+]?\d+)?")
GROUPED_NUMBER = re.compile(r"[-+−]?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?")
DECIMAL_COMMA = re.compile(r"[-+−]?\d+,(?:\d{1,2}|\d{4,})")
NOTE_MARK = re.compile(r"\s*(?:[*†‡§#]+|\[(?:note\s*)?\w{1,3}\]|\((?:note\s*)?[a-z]\))$", re.IGNORECASE)
SPREADSHEET_TEXT = re.compile(r'^(?:=\s*"?|\')(.*?)"?$')
PERCENT = re.compile(r"[-+−]?\d+(?:[.,]\d+)?\s*%")

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_NAME = rf"(?P<name>{'|'.join(MONTHS)})[a-z]*"
CLOCK = r"(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|UTC|[ap]m|[-+]\d{2}:?\d{2})?)?"
DATE_FORMS = (
    r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})",
    r"(?P<d>\d{1,2})[-/](?P<m>\d{1,2})[-/](?P<y>\d{4}|\d{2})",
    r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})",
    rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s-]*{MONTH_NAME}[\s,-]*(?P<y>\d{{4}}|\d{{2}})",
    rf"{MONTH_NAME}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})",
)
DATES = tuple(re.compile(form + CLOCK, re.IGNORECASE) for form in DATE_FORMS)
SHORTEST_DATE = 6
COMPACT_DATE = re.compile(r"(?P<y>19\d\d|20\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)")


#: Longer cells are text. It also bounds what the caches hold, which a hostile file would fill to the brim.
LONGEST_VALUE = 64
CACHED = 2**16


class Number(NamedTuple):
    """A cell that is a number. `whole`: it has no fraction other than zero (pandas writes a count as 12.0)."""

    value: float
    whole: bool


def clean(cell: str) -> str:
    """A cell as a reader sees it: full-width digits made plain, invisible characters and outer spaces gone."""
    if not cell.isascii():
        cell = unicodedata.normalize("NFKC", INVISIBLE.sub("", SUPERSCRIPTS.sub("", cell)))
    return cell.strip()


def read_number(cell: str) -> Number | None:
    """The number in a cleaned cell, with thousands separators, note marks and spreadsheet quoting undone."""
    return _read_number(cell) if len(cell) <= LONGEST_VALUE else None


@lru_cache(CACHED)
def _read_number(cell: str) -> Number | None:
    if _is_plain(cell):
        return _number(cell)
    if cell[:1].isalpha():
        return None
    text = SPREADSHEET_TEXT.sub(r"\1", cell) if cell[:1] in {"=", "'"} else cell
    text = NOTE_MARK.sub("", text).strip("*_ ")
    if GROUPED_NUMBER.fullmatch(text):
        text = text.replace(",", "").replace(" ", "")
    elif DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    elif not PLAIN_NUMBER.fullmatch(text):
        return None
    return _number(text)


def _is_plain(cell: str) -> bool:
    """The common case, told without a pattern: "120", "0.25"."""
    return cell.isascii() and cell.replace(".", "", 1).isdigit()


def _number(text: str) -> Number | None:
    value = float(text.replace("−", "-"))
    if not isfinite(value):
        return None
    return Number(value, whole=value.is_integer() and abs(value) < 2**63)


def is_suppressed(cell: str) -> bool:
    """True for a blank and for every mark that stands for a hidden value."""
    return not cell or (len(cell) <= LONGEST_VALUE and _is_suppressed(cell))


@lru_cache(CACHED)
def _is_suppressed(cell: str) -> bool:
    return not _is_plain(cell) and (SUPPRESSED.fullmatch(cell) is not None or upper_bound(cell) is not None)


def is_deliberately_suppressed(cell: str) -> bool:
    """True for marks that only disclosure control writes, so that the column must be one of counts."""
    return len(cell) <= LONGEST_VALUE and _is_deliberate(cell)


@lru_cache(CACHED)
def _is_deliberate(cell: str) -> bool:
    return not _is_plain(cell) and (DELIBERATE.fullmatch(cell) is not None or upper_bound(cell) is not None)


def upper_bound(cell: str) -> int | None:
    """The largest value that a mark like "<10", "≤7", "1-9" admits to; None if the cell is no such mark."""
    return _upper_bound(cell) if 1 < len(cell) <= LONGEST_VALUE else None


@lru_cache(CACHED)
def _upper_bound(cell: str) -> int | None:
    if _is_plain(cell):
        return None
    found = BELOW.fullmatch(cell)
    if found:
        reaches = "=" in cell or "≤" in cell
        return int(found[1]) if reaches else int(found[1]) - 1
    found = BELOW_RANGE.fullmatch(cell)
    return int(found[1]) if found else None


def read_date(cell: str, *, compact: bool = False) -> date | None:
    """The calendar day in a cell, UK order for ambiguous forms. `compact` also takes 19560312.

    A year of two digits is of this century up to 30, of the last one above.
    """
    return _read_date(cell, compact) if SHORTEST_DATE <= len(cell) <= LONGEST_VALUE else None


@lru_cache(CACHED)
def _read_date(cell: str, compact: bool) -> date | None:
    if _is_plain(cell) and not compact:
        return None
    for form in (*DATES, COMPACT_DATE) if compact else DATES:
        found = form.fullmatch(cell)
        if found:
            return _calendar_day(found)
    return None


def _calendar_day(found: re.Match[str]) -> date | None:
    parts = found.groupdict()
    month = MONTHS.index(parts["name"].lower()) + 1 if parts.get("name") else int(parts["m"])
    year, day = int(parts["y"]), int(parts["d"])
    if len(parts["y"]) == 2:
        year += 2000 if year <= 30 else 1900
    if not 1880 <= year <= 2100:
        return None
    for first, second in ((month, day), (day, month)):  # 12/25/1956 is an American's Christmas
        try:
            return date(year, first, second)
        except ValueError:
            continue
    return None
