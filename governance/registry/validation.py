"""Checks of what people type into the register: words, names, slugs, dates. Promise: nothing unchecked is stored.

Each function returns the value to store, or raises a Refusal that names the field and never repeats a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from governance.disclosure import PROFILES
from governance.refusal import Refusal

LONGEST_NAME = 200  # characters; the register's columns
LONGEST_TEXT = 5_000
MOST_CELLS = 1_000_000_000  # of a release budget; the column holds twice as many
MOST_CODES = 20_000  # of one grant
MOST_CODE = 2**63
LONGEST_SLUG = 30  # so that a workspace's socket path stays below the kernel's limit

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")
_LONG_NUMBER = re.compile(r"\d(?:\W{0,3}\d){8,}")  # longer than a date
SHA256 = re.compile(r"[0-9a-f]{64}")
#: Actors who are not people. A subject that looked like one would pass for the operator.
RESERVED_PREFIXES = ("operator:", "service:")

Word = TypeVar("Word", bound=StrEnum)


def check_slug(slug: str) -> str:
    """A project's slug: lowercase words of letters and digits joined by single hyphens, 1-30 characters.

    Raises Refusal `bad-slug`.
    """
    if not 1 <= len(slug) <= LONGEST_SLUG or not SLUG.fullmatch(slug):
        raise Refusal(
            "bad-slug",
            "A project's short name has 1-30 characters: lowercase letters, digits and single hyphens, letter first.",
            "For example: gi-bleed.",
        )
    return slug


def check_subject(subject: str) -> str:
    """A subject: the identity provider's claim, taken as it is. Raises Refusal `bad-subject`."""
    good = (
        1 <= len(subject) <= LONGEST_NAME
        and subject.isprintable()
        and "/" not in subject  # hub scopes are written user/server
        and subject == subject.strip()
        and not subject.lower().startswith(RESERVED_PREFIXES)
    )
    if not good:
        raise Refusal(
            "bad-subject",
            "A subject has 1-200 printable characters, no slash, no space at either end, and does not start with "
            "operator: or service:.",
            "Use the identity provider's immutable claim as it stands.",
        )
    return subject


def check_name(value: str, field: str) -> str:
    """A name or title, trimmed: 1-200 printable characters. Raises Refusal `bad-name`."""
    name = value.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise Refusal("bad-name", f"The {field} must have 1-200 printable characters.", where=field)
    return name


def check_optional_name(value: str, field: str) -> str:
    """As `check_name`, but may be empty."""
    return check_name(value, field) if value.strip() else ""


def check_text(value: str, field: str) -> str:
    """A longer text, trimmed; may be empty and have lines. Raises Refusal `bad-name`."""
    text = value.strip()
    if len(text) > LONGEST_TEXT or not all(line.isprintable() for line in text.split("\n")):
        raise Refusal("bad-name", f"The {field} must be printable text of at most {LONGEST_TEXT} characters.")
    return text


def check_text_names_nobody(value: str, field: str) -> str:
    """A text for people to read that is kept and audited, so it may hold no number as long as a pseudonym or an NHS
    number, however it is spaced. Raises Refusal `bad-name`, `number-in-text`."""
    text = check_text(value, field)
    if not text:
        raise Refusal("bad-name", f"The {field} must say something.", where=field)
    if _LONG_NUMBER.search(text):
        raise Refusal("number-in-text", f"The {field} holds a long number.", "Write it without naming anybody.")
    return text


def check_word(words: type[Word], value: str, field: str) -> Word:
    """A member of a closed list. Raises Refusal `unknown-<field>`, e.g. `unknown-purpose`, naming the list."""
    try:
        return words(value)
    except ValueError:
        raise _unknown(field, [word.value for word in words]) from None


def check_profile(profile: str) -> str:
    """The name of a disclosure profile. Raises Refusal `unknown-profile`."""
    if profile not in PROFILES:
        raise _unknown("profile", sorted(PROFILES))
    return profile


def check_date(value: date, field: str) -> date:
    """A calendar day, not a moment. Raises Refusal `bad-date`."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Refusal("bad-date", f"The {field} must be a calendar day (YYYY-MM-DD).", where=field)
    return value


def check_period(starts: date, ends: date) -> None:
    """Both days are inclusive; the end is not before the start. Raises Refusal `bad-date`, `ends-before-start`."""
    if check_date(ends, "end date") < check_date(starts, "start date"):
        raise Refusal("ends-before-start", f"The end date {ends} is before the start date {starts}.")


def check_budget(value: int) -> int:
    """A release budget in cells a person and day: 1 to a thousand million. Raises Refusal `bad-budget`."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_CELLS:
        raise Refusal(
            "bad-budget",
            f"A release budget is a whole number of cells a day, 1 to {MOST_CELLS:,}.",
            "Suspend the project if nothing may be answered.",
        )
    return value


def check_flag(value: bool, field: str) -> bool:
    """Yes or no. Raises Refusal `bad-flag`."""
    if not isinstance(value, bool):
        raise Refusal("bad-flag", f"The value of {field} is yes or no.", where=field)
    return value


def check_identifier(value: str, field: str) -> str:
    """A table's or column's name, lowercase. Raises Refusal `bad-identifier`."""
    name = value.strip().lower()
    if len(name) > LONGEST_NAME or not IDENTIFIER.fullmatch(name):
        raise Refusal("bad-identifier", f"A {field} name has letters, digits and underscores only.", where=field)
    return name


def check_codes(codes: Iterable[int]) -> tuple[int, ...]:
    """Concept ids, each once, in order. Raises Refusal `bad-code`."""
    listed = set(codes)
    if any(type(code) is not int or not 0 <= code < MOST_CODE for code in listed) or len(listed) > MOST_CODES:
        raise Refusal("bad-code", "A code is an OMOP concept id: a whole number.", "For example: 201826,443238.")
    return tuple(sorted(listed))


def check_sha256(value: str) -> str:
    """64 lowercase hexadecimal digits. Raises Refusal `bad-digest`."""
    if not SHA256.fullmatch(value):
        raise Refusal("bad-digest", "A SHA-256 has 64 lowercase hexadecimal digits.")
    return value


def _unknown(field: str, allowed: list[str]) -> Refusal:
    return Refusal(f"unknown-{field}", f"There is no such {field}.", f"Use one of: {', '.join(allowed)}.", field)
