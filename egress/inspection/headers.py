"""Tells from the words of a header or row label what its numbers are. The words themselves are in vocabulary.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from egress.inspection import vocabulary as v
from egress.inspection.foreign_words import in_english
from egress.inspection.vocabulary import Kind

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z]{2,})")
TOKEN = re.compile(r"[^\W_]+|%")
AT_RISK = re.compile(r"at[ _.-]?risk")
GROUP_SIZE = re.compile(r"[\[(]?\b[nN]\s*=\s*[\d,]+[\])]?")
LETTER_AND_NUMBER = re.compile(r"[a-z]{1,2}\d{1,2}")
QUANTILE = re.compile(r"[\[(]?0?\.\d+[\])]?")  # statsmodels and lifelines name limits "[0.025" and "0.975]"
LONGEST_LABEL = 300  # characters; a longer one is prose
CACHED = 2**14
ANY_FORM: frozenset[str] = frozenset()
STATISTIC_WORDS = v.STATISTICS | v.LONE_STATISTICS | {first for first, _ in v.STATISTIC_PAIRS}


class Label(NamedTuple):
    """A header or row label, cut to words. `known`: the words without their order."""

    text: str
    words: tuple[str, ...]
    known: frozenset[str]

    @property
    def numbered(self) -> bool:
        """True for "Week 12", which a pivot makes of a category."""
        return any(word.isdigit() for word in self.words)


def words_of(label: str) -> tuple[str, ...]:
    """The lower-case words of a header or row label, in English: "nPatients (%)" gives n, patients, %."""
    return _words_of(label[:LONGEST_LABEL])


@lru_cache(CACHED)
def _words_of(label: str) -> tuple[str, ...]:
    text = GROUP_SIZE.sub(" ", label) if "=" in label else label
    lower = text.lower()
    words = TOKEN.findall(lower if text == lower or text.isupper() else CAMEL.sub(" ", text).lower())
    return tuple(chain.from_iterable(map(in_english, words)))


def kind_said_by(label: str) -> Kind | None:
    """What a header or row label says its numbers are; None if its words say nothing we know."""
    return _kind_said_by(label[:LONGEST_LABEL])


@lru_cache(CACHED)
def _kind_said_by(label: str) -> Kind | None:
    words = words_of(label)
    if not words:
        return None
    read = Label(label.lower(), words, frozenset(words))
    return next(
        (kind for kind, needed, says in SAYINGS if not (needed and needed.isdisjoint(words)) and says(read)), None
    )


def is_category(label: str) -> bool:
    """True for a column name that a pivot made of a category: "Male", "2019", "18-29", "0", "Q1", "Stage 2"."""
    words = words_of(label)
    if not words:
        return False
    named = all(w in v.CATEGORIES or w[0].isdigit() or LETTER_AND_NUMBER.fullmatch(w) for w in words)
    return named or words[-1].isdigit()


def _says_birth(label: Label) -> bool:
    return not label.known & v.NOT_A_BIRTHDAY


def _says_person_time(label: Label) -> bool:
    return bool(label.known & {"person", "patient", "risk"})


def _says_at_risk(label: Label) -> bool:
    return "risk" in label.text and AT_RISK.search(label.text) is not None


def _says_percent(label: Label) -> bool:
    """ "% of patients" and "pct_dead" do; "n (%)" holds both and is left to the words of counts."""
    counted = bool(label.known & v.COUNTING)
    return not counted or label.words[0] in v.PERCENT_WORDS or ("_" in label.text and "%" not in label.known)


def _says_person_key(label: Label) -> bool:
    return v.PERSON_KEY.fullmatch("_".join(label.words)) is not None and not label.known & v.COUNTED_KEY


def _says_statistic(label: Label) -> bool:
    alone = len(label.words) == 1 and label.words[0] in v.LONE_STATISTICS
    pair = label.words[:2] in v.STATISTIC_PAIRS
    return alone or pair or label.words[-1] == "or" or bool(label.known & v.STATISTICS)


def _says_quantile(label: Label) -> bool:
    return QUANTILE.fullmatch(label.text) is not None


def _says_position(label: Label) -> bool:
    """ "week_no" and "visit number" number a thing; "number of visits" counts it."""
    last_numbers_first = len(label.words) > 1 and label.words[-1] in v.NUMBERING and label.words[0] not in v.QUANTITY
    return last_numbers_first and not label.known & v.PEOPLE


def _says_quantity(label: Label) -> bool:
    counted = label.words[0] in v.QUANTITY or label.words[-1] in v.QUANTITY
    return counted and (bool(label.known & v.PEOPLE) or not label.known & v.THINGS)


def _says_ordinal(label: Label) -> bool:
    return label.words[-1] in v.ORDINALS


def _at_all(label: Label) -> bool:
    return bool(label.known)


def _without_number(label: Label) -> bool:
    return not label.numbered


#: Words without which a saying cannot hold (none: it goes by the form), and what it asks where one of them stands.
#: First match wins. The order is the rule: a mean of patients is a mean, a number of high-risk people is a count.
SAYINGS: tuple[tuple[Kind, frozenset[str], Callable[[Label], bool]], ...] = (
    (Kind.BIRTH, v.BIRTH, _says_birth),
    (Kind.STATISTIC, v.PERSON_TIME, _says_person_time),
    (Kind.COUNT, v.ALWAYS_COUNT, _at_all),
    (Kind.COUNT, ANY_FORM, _says_at_risk),
    (Kind.PERCENT, v.PERCENT_WORDS, _says_percent),
    (Kind.PERSON_KEY, ANY_FORM, _says_person_key),
    (Kind.STATISTIC, ANY_FORM, _says_quantile),
    (Kind.STATISTIC, STATISTIC_WORDS, _says_statistic),
    (Kind.ORDINAL, v.NUMBERING, _says_position),
    (Kind.COUNT, v.QUANTITY, _says_quantity),
    (Kind.STATISTIC, v.SOFT_STATISTICS, _at_all),
    (Kind.CODE, v.CODES, _at_all),
    (Kind.COUNT, v.PEOPLE, _at_all),
    (Kind.AGE, v.AGES, _without_number),
    (Kind.YEAR, v.YEARS, _without_number),
    (Kind.ORDINAL, v.ORDINALS, _says_ordinal),
    (Kind.STATISTIC, v.THINGS, _without_number),
    (Kind.COUNT, v.COUNTING, _at_all),
)
