"""The SQL of `person_ref`: what ties the rows of one feed to one identity before anybody knows who it is.

Promise: the same feed and the same values give the same number, on every machine and with every release of the engine
(so DuckDB's own `hash`, which may change, is not used); equal numbers mean equal values, but for the odds of 63 bits.

A person named by an NHS number alone (the journal of the GP feed: most rows there are) is given that number itself,
beside a tag of the feed: it costs no digest and never collides. The number is taken as delivered, so that rows with a
mistyped number stay together and the linkage may still find the person. What has not ten digits, or ten times the same
one, is what people write where they know no number: it names nobody.
"""

from __future__ import annotations

import hashlib

from intake.feeds import Feed, FeedColumn, FeedTable, Meaning
from intake.sources import quote_name, quote_text

SEPARATOR = "\x1f"
NUMBER_BITS, TAG_BITS = 34, 29  # ten digits need 34 bits; the highest bit says that it is a digest
DIGITS = 10
LEAST, MOST = 10**9, 10**10 - 1  # of ten digits the first of which is not 0
REPEATED = 1_111_111_111


def person_ref_sql(feed: Feed, table: FeedTable, number: str = "") -> str:
    """SQL of `person_ref` (UBIGINT) over the table's columns as delivered; NULL if all of them are NULL. `number`: SQL
    of the NHS number's `ten_digits`, where the caller has it already and the column holds its `nhs_digits`."""
    columns = [table.columns[name] for name in table.person]
    if not columns:
        return "CAST(NULL AS UBIGINT)"
    if len(columns) == 1 and columns[0].meaning is Meaning.NHS_NUMBER:
        return _number(feed, number or ten_digits(_text(columns[0])))
    return _digest(feed, [_text(column, cleaned=bool(number)) for column in columns])


def nhs_digits(held: str) -> str:
    """SQL of an NHS number's ten digits (VARCHAR) without the spaces and hyphens people write it with; NULL if it has
    not ten digits, or ten times the same."""
    text = plain_digits(held)
    return f"CASE WHEN {ten_digits(text)} % {REPEATED} <> 0 THEN {text} END"


def plain_digits(held: str) -> str:
    """SQL of a text without spaces and hyphens, unless it has the length of an NHS number as it is."""
    return f"CASE WHEN length({held}) = {DIGITS} THEN {held} ELSE replace(replace({held}, ' ', ''), '-', '') END"


def ten_digits(text: str) -> str:
    """SQL of the BIGINT of a text of exactly ten digits, else NULL. A cast is many times as fast as a pattern; what it
    takes of ten characters for a number of ten digits that is none has an exponent. Only what begins with 0 (or is no
    number) meets the pattern."""
    number = f"TRY_CAST({text} AS BIGINT)"
    plain = f"length({text}) = {DIGITS} AND NOT contains({text}, 'e') AND NOT contains({text}, 'E')"
    return (
        f"CASE WHEN {number} BETWEEN {LEAST} AND {MOST} AND {plain} THEN {number}"
        f" WHEN regexp_full_match({text}, '0[0-9]{{9}}') THEN {number} END"
    )


def _number(feed: Feed, number: str) -> str:
    tag = int.from_bytes(hashlib.sha256(feed.name.encode()).digest()[:4]) >> (32 - TAG_BITS)
    return f"CAST({tag << NUMBER_BITS} + {number} AS UBIGINT)"


def _digest(feed: Feed, texts: list[str]) -> str:
    parts = ", ".join(f"coalesce({text}, '')" for text in texts)
    nothing = " AND ".join(f"{text} IS NULL" for text in texts)
    whole = f"concat_ws({quote_text(SEPARATOR)}, {quote_text(feed.name)}, {parts})"
    return f"CASE WHEN {nothing} THEN NULL ELSE CAST(md5_number({whole}) >> 65 AS UBIGINT) | (1::UBIGINT << 63) END"


def _text(column: FeedColumn, *, cleaned: bool = False) -> str:
    """A value as text, or NULL for none. `cleaned`: an NHS number's text is `nhs_digits` already."""
    held = quote_name(column.name)
    if column.meaning is Meaning.NHS_NUMBER:
        if cleaned:
            return held
        return nhs_digits(held if column.type == "VARCHAR" else f"CAST({held} AS VARCHAR)")
    return f"nullif(upper(trim({held})), '')" if column.type == "VARCHAR" else f"CAST({held} AS VARCHAR)"
