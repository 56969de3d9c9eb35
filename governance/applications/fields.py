"""What a question of the form is: its shape and its limits, and the short ways to write one down."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from governance.registry.validation import LONGEST_NAME, LONGEST_TEXT


class Shape(Enum):
    """What a field holds."""

    LINE = "one line"
    TEXT = "text"
    DAY = "day"
    WORD = "one of a list"
    FLAG = "yes or no"
    NUMBER = "whole number"
    NUMBERS = "whole numbers"
    LINES = "lines"
    ROWS = "rows"


@dataclass(frozen=True)
class Field:
    """One question.

    Attributes:
        name: stable; the key of the answer.
        label, help: for people; plain words.
        shape: what the answer is.
        required: asked of every application; what is asked of some only is said in governance.applications.complete.
        most: longest text in characters, or most lines, numbers or rows.
        low, high: of a number.
        words: what a WORD may be.
        fields: of each row.
        public: shown in the register of data uses once approved.
        renewable: may be changed by a renewal.
    """

    name: str
    label: str
    help: str
    shape: Shape
    required: bool = True
    most: int = LONGEST_NAME
    low: int = 0
    high: int = 2**63 - 1
    words: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    public: bool = False
    renewable: bool = False


@dataclass(frozen=True)
class Section:
    """Questions that belong together."""

    name: str
    title: str
    about: str
    fields: tuple[Field, ...] = field(default=())


def line(name: str, label: str, help_text: str, **more: object) -> Field:
    """A question answered in one line."""
    return Field(name, label, help_text, Shape.LINE, **more)  # type: ignore[arg-type]


def text(name: str, label: str, help_text: str, **more: object) -> Field:
    """A question answered in a text."""
    return Field(name, label, help_text, Shape.TEXT, **{"most": LONGEST_TEXT, **more})  # type: ignore[arg-type]


def day(name: str, label: str, help_text: str, **more: object) -> Field:
    """A question answered with a day."""
    return Field(name, label, help_text, Shape.DAY, **more)  # type: ignore[arg-type]


def rows(name: str, label: str, help_text: str, most: int, fields: tuple[Field, ...], **more: object) -> Field:
    """A question answered in rows."""
    return Field(name, label, help_text, Shape.ROWS, most=most, fields=fields, **more)  # type: ignore[arg-type]


def word(name: str, label: str, help_text: str, words: tuple[str, ...], **more: object) -> Field:
    """A question answered with one of a list."""
    return Field(name, label, help_text, Shape.WORD, words=words, **more)  # type: ignore[arg-type]
