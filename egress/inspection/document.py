"""What a reader saw in a file: text, tables, parts and noteworthy sightings. Readers see; the checks judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

DEEPEST_PART = 4  # a notebook holds html, html holds an svg, an svg holds a png


class Seen(StrEnum):
    """Kinds of noteworthy things. What each one means for a release is said in the checks, not here."""

    # cannot be read, or not wholly
    DAMAGED = "damaged"
    UNDECODABLE = "undecodable"
    NUL_BYTES = "nul-bytes"
    TOO_DEEP = "too-deep"
    TOO_MANY_PARTS = "too-many-parts"
    TOO_LARGE = "too-large"
    UNCOMPUTED = "uncomputed"
    ENCRYPTED = "encrypted"
    UNREAD_TEXT = "unread-text"
    LONG_LINES = "long-lines"
    # can act when opened
    SCRIPT = "script"
    EVENT_HANDLER = "event-handler"
    ACTIVE_ELEMENT = "active-element"
    SCRIPT_ADDRESS = "script-address"
    EXTERNAL_REFERENCE = "external-reference"
    EXTERNAL_IMAGE = "external-image"
    ENTITY = "entity"
    PDF_ACTION = "pdf-action"
    # can hide something
    EMBEDDED_FILE = "embedded-file"
    UNKNOWN_OUTPUT = "unknown-output"
    WIDGET_STATE = "widget-state"
    TRAILING_BYTES = "trailing-bytes"
    SECOND_FORMAT = "second-format"
    PRIVATE_CHUNK = "private-chunk"
    EXTRA_FRAMES = "extra-frames"
    TEXT_CHUNK = "text-chunk"
    CAMERA_DATA = "camera-data"
    LARGE_METADATA = "large-metadata"
    ENCODED_BLOB = "encoded-blob"
    INVISIBLE_CHARACTERS = "invisible-characters"
    HIDDEN_TEXT = "hidden-text"
    UNDRAWN_TEXT = "undrawn-text"
    HIDDEN_SHEET = "hidden-sheet"
    HIDDEN_CELLS = "hidden-cells"
    HIDDEN_VALUE = "hidden-value"
    HIDDEN_NAME = "hidden-name"
    UNUSED_TEXT = "unused-text"
    COMMENT = "comment"
    TRACKED_CHANGE = "tracked-change"
    PIVOT_CACHE = "pivot-cache"
    UNKNOWN_PART = "unknown-part"
    # computed when opened
    FORMULA = "formula"
    # one mark per record
    MANY_MARKS = "many-marks"


@dataclass(frozen=True)
class Sighting:
    """One noteworthy thing. `number` where it says how many (marks, bytes), else 0."""

    kind: Seen
    where: str
    number: int = 0


@dataclass(frozen=True)
class Passage:
    """Running text to be searched for identifiers. `lined`: its lines are lines of the file, so name them."""

    where: str
    text: str
    lined: bool = False


@dataclass(frozen=True, eq=False)  # compared and cached by identity: a table may have a million cells
class Table:
    """A rectangle of cells; short rows are padded with empty cells.

    Attributes:
        where: prefix of every place in it, e.g. "cell 3, output 1"; empty for a csv file.
        header: one name a column; empty strings where there is none.
        rows: data rows as shown to a reader, cleaned (see cells.clean).
        total_rows: data rows in the file; more than len(rows) if the reader stopped keeping them.
        delimited: True for csv and tsv, which spreadsheets open.
        caption: the title right above it, where a reader knows one.
    """

    where: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total_rows: int
    delimited: bool = False
    caption: str = ""

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.header)

    def column(self, index: int) -> tuple[str, ...]:
        """Cells of one column, top to bottom."""
        return self._columns[index] if self.rows else ()

    def different(self, index: int) -> frozenset[str]:
        """The different cells of one column: what is asked of a text need be asked once, however often it stands."""
        return self._different[index] if self.rows else frozenset()

    def longest(self, index: int) -> int:
        """Characters of the longest cell of one column."""
        return self._longest[index] if self.rows else 0

    @cached_property
    def _columns(self) -> tuple[tuple[str, ...], ...]:
        return tuple(zip(*self.rows, strict=True))

    @cached_property
    def _different(self) -> tuple[frozenset[str], ...]:
        return tuple(map(frozenset, self._columns))

    @cached_property
    def _longest(self) -> tuple[int, ...]:
        return tuple(max(map(len, cells)) for cells in self._different)


@dataclass(frozen=True)
class Document:
    """One file, or one part of a file (an output, an attachment, an embedded picture), as read.

    Attributes:
        name: the file's name as given; empty for a part.
        where: place of a part in its file; empty for the file itself.
        media_type: by content; empty if the type is not on the allow-list.
        content: the bytes.
        described: what the content is, in words, for a finding ("a zip archive").
        is_output: a part that shows results (its prose may state counts), as opposed to code.
    """

    name: str
    where: str
    media_type: str
    content: bytes = field(repr=False)
    described: str = ""
    passages: tuple[Passage, ...] = ()
    tables: tuple[Table, ...] = ()
    parts: tuple[Document, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    is_output: bool = True

    def walk(self) -> Iterator[Document]:
        """This document and all of its parts, outermost first."""
        yield self
        for part in self.parts:
            yield from part.walk()


def within(where: str, place: str) -> str:
    """A place inside another: "cell 3, output 1" and "row 2" make "cell 3, output 1, row 2"."""
    return ", ".join(part for part in (where, place) if part)
