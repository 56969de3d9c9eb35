"""Reads ACRO's `results.json`, which anybody can have written. Promise: a record is read whole or refused by a stable
code; what comes out has known shapes, plain names and texts of bounded length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from egress.names import check_file_name, clean_text
from egress.releasing.outputs import AuthorsWord
from governance.refusal import Refusal

LONGEST_RECORD = 4 * 2**20
MOST_OUTPUTS, LONGEST_WORD, LONGEST_TEXT = 200, 80, 1_000
VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){1,3}")
STATUSES = frozenset({"pass", "review", "fail"})


@dataclass(frozen=True)
class Record:
    """What a session says: ACRO's version, and its word on each file by name, in the session's order."""

    version: str
    words: dict[str, AuthorsWord]


def read_record(document: bytes) -> Record:
    """The record of a session.

    Raises Refusal `acro-too-large`, `acro-unreadable`, `acro-file-twice`, `bad-file-name`.
    """
    if len(document) > LONGEST_RECORD:
        raise Refusal("acro-too-large", "The session's results.json is too large.", "Split the session.")
    try:
        said = json.loads(document)
        version, results = said["version"], said["results"]
        if not VERSION.fullmatch(version) or not 1 <= len(results) <= MOST_OUTPUTS:
            raise ValueError("no session of ACRO")
        outputs = [_read_output(str(uid), output) for uid, output in results.items()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _unreadable() from None
    words: dict[str, AuthorsWord] = {}
    for names, word in outputs:
        for name in names:
            kept = check_file_name(name)
            if kept.casefold() in {known.casefold() for known in words}:
                raise Refusal("acro-file-twice", "Two outputs of the session name one file.", "Rename one.", kept)
            words[kept] = word
    return Record(version, words)


def _read_output(uid: str, output: Mapping[str, Any]) -> tuple[list[str], AuthorsWord]:
    if output["status"] not in STATUSES:
        raise ValueError("an unknown status")
    names = [file["name"] for file in output["files"]]
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError("no names")
    word = AuthorsWord(
        uid=_read_text(uid, LONGEST_WORD),
        output_type=_read_text(output["type"], LONGEST_WORD),
        method=_read_text(output["properties"].get("method", ""), LONGEST_WORD),
        status=output["status"],
        summary=_read_text(output["summary"], LONGEST_TEXT),
        command=_read_text(output["command"], LONGEST_TEXT),
        exception=_read_text(output["exception"] or "", LONGEST_TEXT),
        comments=tuple(_read_text(comment, LONGEST_TEXT) for comment in output["comments"][:20]),
    )
    return names, word


def _read_text(text: Any, longest: int) -> str:
    """One line of at most so many characters. Raises ValueError for anything but a text."""
    if not isinstance(text, str):
        raise ValueError("not a text")
    return " ".join(clean_text(text[:longest], "record").split())


def _unreadable() -> Refusal:
    return Refusal(
        "acro-unreadable",
        "The session's results.json is not one that ACRO writes.",
        "Run finalise again and send the folder as it is.",
    )
