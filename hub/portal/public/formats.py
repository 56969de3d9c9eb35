"""What a copy of the public register may be; apart, so that the command line names them without opening a template."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """What the copy is."""

    HTML = "html"
    JSON = "json"
    CSV = "csv"
