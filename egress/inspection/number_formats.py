"""Reads a spreadsheet's number formats: which are dates or percentages, and which show nothing of the value.

Source: ECMA-376 part 1, 18.8.31 (numFmts): up to four sections (positive; negative; zero; text), each with an optional
condition. A section without a placeholder shows the same whatever the value is: blank, or a mark such as "*".
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

#: Quoted words, escaped letters, spaces as wide as a letter, letters that fill the cell: no part of the value.
LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.')
BRACKETS = re.compile(r"\[[^\]]*\]")
CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)\]")
ELAPSED = re.compile(r"\[[hms]+\]", re.IGNORECASE)
PLACEHOLDER = re.compile(r"[0#?@ymdhsgeb]|general", re.IGNORECASE)
DATE_LETTER = re.compile(r"[ymdhs]", re.IGNORECASE)
SECTION_END = re.compile(r'("[^"]*"|\\.|\[[^\]]*\])|;')
TEXT_SECTION = 3
EPOCH, EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
LONGEST_CODE = 500  # characters; spreadsheet programs write at most 255
LATEST_DAY = 2_958_465  # 9999-12-31
COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
#: Formats that a file names by number only (18.8.30); the rest of those are plain numbers.
BUILT_IN: dict[int, str] = {
    9: "0%",
    10: "0.00%",
    **dict.fromkeys((14, 15, 16, 17), "yyyy-mm-dd"),
    **dict.fromkeys((18, 19, 20, 21), "hh:mm:ss"),
    22: "yyyy-mm-dd hh:mm",
    49: "@",
}


def hides(code: str, value: float | str) -> bool:
    """True if a cell of this format shows nothing of its value. A zero may be hidden: it tells of nobody."""
    sections = _sections(code)
    if isinstance(value, str):
        return bool(value) and len(sections) > TEXT_SECTION and not _shows(sections[TEXT_SECTION])
    return value != 0 and not _shows(_section_for(sections, value))


def hides_something(code: str) -> bool:
    """True if some number other than zero would not be shown."""
    sections = _sections(code)[:TEXT_SECTION]
    plain = len(sections) == TEXT_SECTION and not any(CONDITION.search(section) for section in sections)
    return not all(_shows(section) for section in (sections[:2] if plain else sections))


def shown(code: str, value: float, *, since_1904: bool = False) -> str:
    """A number as text: a date as 2026-11-22, a share as 5%, anything else in full, whatever the format rounds."""
    kind = _kind(code)
    if kind == "share":
        return f"{value * 100:.10g}%"
    if kind == "date" and 0 <= value <= LATEST_DAY:
        moment = (EPOCH_1904 if since_1904 else EPOCH) + timedelta(days=round(value * 86_400) / 86_400)
        return moment.strftime("%Y-%m-%d %H:%M" if value % 1 else "%Y-%m-%d")
    return f"{value:.15g}" if abs(value) < 10**15 else repr(value)


@lru_cache(maxsize=1_000)
def _kind(code: str) -> str:
    bare = BRACKETS.sub("", LITERAL.sub("", code[:LONGEST_CODE])).lower()
    if "%" in bare:
        return "share"
    is_date = DATE_LETTER.search(bare) and "general" not in bare and not ELAPSED.search(code[:LONGEST_CODE])
    return "date" if is_date else ""


@lru_cache(maxsize=1_000)
def _sections(code: str) -> tuple[str, ...]:
    """The sections of a format; a semicolon in quotes ends none."""
    if len(code) > LONGEST_CODE:
        return ("",)  # no program wrote this; nobody knows what it shows
    sections: list[str] = []
    start = 0
    for found in SECTION_END.finditer(code):
        if found[1] is None:
            sections.append(code[start : found.start()])
            start = found.end()
    return (*sections, code[start:])


def _section_for(sections: tuple[str, ...], value: float) -> str:
    conditions = [CONDITION.search(section) for section in sections[:TEXT_SECTION]]
    if any(conditions):
        for condition, section in zip(conditions, sections, strict=False):
            if condition is None or COMPARED[condition[1]](value, float(condition[2])):
                return section
        return "#"  # no section is for it: the program says so with hash signs
    return sections[1] if value < 0 and len(sections) > 1 else sections[0]


@lru_cache(maxsize=1_000)
def _shows(section: str) -> bool:
    return PLACEHOLDER.search(BRACKETS.sub("", LITERAL.sub("", section))) is not None or bool(ELAPSED.search(section))
