"""Tells from the words of a header or row label what its numbers are. The words themselves are in vocabulary.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from egress.inspection import vocabulary as v
from egress.inspection.vocabulary import Kind

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z]{2,})")
TOKEN = re.compile(r"[^\W_]+|%")
AT_RISK = re.compile(r"at[ _.-]?risk")
GROUP_SIZE = re.compile(r"[\[(]?\b[nN]\s*=\s*[\d,]+[\])]?")
LETTER_AND_NUMBER = re.compile(r"[a-z]{1,2}\d{1,2}")
QUANTILE = re.compile(r"[\[(]?0?\.\d+[\])]?")  # statsmodels and lifelines name limits "[0.025" and "0.975]"
LONGEST_LABEL = 300  # characters; a longer one is prose


@dataclass(frozen=True)
class Label:
    """A header or row label, cut to words."""

    text: str
    words: tuple[str, ...]

    @cached_property
    def known(self) -> frozenset[str]:
        """The words without their order."""
        return frozenset(self.words)

    @property
    def numbered(self) -> bool:
        """True for "Week 12", which a pivot makes of a category."""
        return any(word.isdigit() for word in self.words)


def words_of(label: str) -> tuple[str, ...]:
    """The lower-case words of a header or row label: "nPatients (%)" gives n, patients, %."""
    text = GROUP_SIZE.sub(" ", label[:LONGEST_LABEL])
    return tuple(TOKEN.findall(CAMEL.sub(" ", text).lower()))


@lru_cache(maxsize=4096)
def kind_said_by(label: str) -> Kind | None:
    """What a header or row label says its numbers are; None if its words say nothing we know."""
    read = Label(label.lower(), words_of(label))
    if not read.words:
        return None
    return next((kind for kind, says in SAYINGS if says(read)), None)


def is_category(label: str) -> bool:
    """True for a column name that a pivot made of a category: "Male", "2019", "18-29", "0", "Q1", "Stage 2"."""
    words = words_of(label)
    if not words:
        return False
    named = all(w in v.CATEGORIES or w[0].isdigit() or LETTER_AND_NUMBER.fullmatch(w) for w in words)
    return named or words[-1].isdigit()


def _says_birth(label: Label) -> bool:
    return bool(label.known & v.BIRTH) and not label.known & v.NOT_A_BIRTHDAY


def _says_person_time(label: Label) -> bool:
    return bool(label.known & v.PERSON_TIME) and bool(label.known & {"person", "patient", "risk"})


def _says_plain_count(label: Label) -> bool:
    return bool(label.known & v.ALWAYS_COUNT) or AT_RISK.search(label.text) is not None


def _says_percent(label: Label) -> bool:
    """ "% of patients" and "pct_dead" do; "n (%)" holds both and is left to the words of counts."""
    if not label.known & v.PERCENT_WORDS:
        return False
    counted = bool(label.known & v.COUNTING)
    return not counted or label.words[0] in v.PERCENT_WORDS or ("_" in label.text and "%" not in label.known)


def _says_person_key(label: Label) -> bool:
    return v.PERSON_KEY.fullmatch("_".join(label.words)) is not None and not label.known & v.COUNTED_KEY


def _says_statistic(label: Label) -> bool:
    alone = len(label.words) == 1 and label.words[0] in v.LONE_STATISTICS
    pair = label.words[:2] in v.STATISTIC_PAIRS
    quantile = QUANTILE.fullmatch(label.text) is not None
    return quantile or alone or pair or label.words[-1] == "or" or bool(label.known & v.STATISTICS)


def _says_position(label: Label) -> bool:
    """ "week_no" and "visit number" number a thing; "number of visits" counts it."""
    last_numbers_first = len(label.words) > 1 and label.words[-1] in v.NUMBERING and label.words[0] not in v.QUANTITY
    return last_numbers_first and not label.known & v.PEOPLE


def _says_quantity(label: Label) -> bool:
    counted = label.words[0] in v.QUANTITY or label.words[-1] in v.QUANTITY
    return counted and (bool(label.known & v.PEOPLE) or not label.known & v.THINGS)


def _any_of(group: frozenset[str], *, numbered: bool = True) -> Callable[[Label], bool]:
    def says(label: Label) -> bool:
        return bool(label.known & group) and (numbered or not label.numbered)

    return says


def _says_ordinal(label: Label) -> bool:
    return label.words[-1] in v.ORDINALS


#: First match wins. The order is the rule: a mean of patients is a mean, a number of high-risk people is a count.
SAYINGS: tuple[tuple[Kind, Callable[[Label], bool]], ...] = (
    (Kind.BIRTH, _says_birth),
    (Kind.STATISTIC, _says_person_time),
    (Kind.COUNT, _says_plain_count),
    (Kind.PERCENT, _says_percent),
    (Kind.PERSON_KEY, _says_person_key),
    (Kind.STATISTIC, _says_statistic),
    (Kind.ORDINAL, _says_position),
    (Kind.COUNT, _says_quantity),
    (Kind.STATISTIC, _any_of(v.SOFT_STATISTICS)),
    (Kind.CODE, _any_of(v.CODES)),
    (Kind.COUNT, _any_of(v.PEOPLE)),
    (Kind.AGE, _any_of(v.AGES, numbered=False)),
    (Kind.YEAR, _any_of(v.YEARS, numbered=False)),
    (Kind.ORDINAL, _says_ordinal),
    (Kind.STATISTIC, _any_of(v.THINGS, numbered=False)),
    (Kind.COUNT, _any_of(v.COUNTING)),
)
