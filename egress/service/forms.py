"""Reads forms. Promise: a form counts only with the session's own token; its files are never held in memory whole and
are gone when the request ends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import BinaryIO

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from egress.ballots import FileKind
from egress.drafting import Description, Incoming
from egress.groups import Words
from egress.service.desk import desk_of
from egress.service.visitors import Visitor
from governance.refusal import Refusal

MOST_FIELDS = 500  # a vote on each of the most files a request can hold, and some to spare
LONGEST_FIELD = 64 * 1024
MOST_DIGITS = 16
FILE_FIELDS = {"files": FileKind.OUTPUT, "supporting": FileKind.SUPPORTING}


@dataclass(frozen=True)
class Form:
    """A form that was sent: its texts by name, its files."""

    data: FormData

    def text(self, name: str) -> str:
        """The field's text, empty if it is missing or a file."""
        value = self.data.get(name, "")
        return value if isinstance(value, str) else ""

    def texts(self, prefix: str) -> dict[str, str]:
        """Every text field of that prefix, without the prefix."""
        return {name.removeprefix(prefix): self.text(name) for name in self.data if name.startswith(prefix)}

    def files(self) -> list[Incoming]:
        """The files of both file fields. A browser sends an empty, nameless file for an empty field."""
        return [
            Incoming(value.filename, value.file, FILE_FIELDS[name])
            for name, value in self.data.multi_items()
            if name in FILE_FIELDS and isinstance(value, UploadFile) and value.filename
        ]

    def uploads(self, field: str) -> list[tuple[str, BinaryIO]]:
        """Name and bytes of each file of one field."""
        return [
            (value.filename, value.file)
            for name, value in self.data.multi_items()
            if name == field and isinstance(value, UploadFile) and value.filename
        ]

    def number(self, name: str) -> int | None:
        """The field as a whole number, None if it is empty. Raises Refusal `bad-number`."""
        text = self.text(name).strip().replace(",", "")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < MOST_DIGITS):
            raise Refusal("bad-number", "That is no whole number.", "Give a whole number, or leave it out.", name)
        return int(text)

    def words(self) -> Words:
        """What is said of files that belong together."""
        texts = {name: self.text(name) for name in ("context", "variables", "population", "controls", "earlier")}
        return Words(**texts, people=self.number("people"))

    def description(self) -> Description:
        """The author's texts."""
        return Description(
            title=self.text("title"),
            exception=self.text("exception"),
            intended_output=self.number("intended_output"),
            intended_reason=self.text("intended_reason"),
            purpose=self.text("purpose"),
            **asdict(self.words()),
        )


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[Form]:
    """The form of a request; its temporary files are closed at the end."""
    most = 2 * desk_of(request).airlock.settings.egress_files + 2
    async with request.form(max_files=most, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD) as data:
        yield Form(data)


@asynccontextmanager
async def read_own_form(request: Request, visitor: Visitor) -> AsyncIterator[Form]:
    """The form of a page made for this visitor. Raises Refusal `form-expired`."""
    async with read_form(request) as form:
        visitor.check_form(form.text("xsrf"))
        yield form
