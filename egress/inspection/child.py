"""The locked child: reads hostile files one after another and answers with plain data. Started by child_process.py.

`python -m egress.inspection.child WAY SECONDS`: WAY one of WAYS, SECONDS of the processor for each answer. Everything a
way needs is loaded before the lock closes, and nothing else, so that the common way starts fast.
"""

from __future__ import annotations

import base64
import codecs
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

from PIL import Image, MpoImagePlugin, TiffImagePlugin

from egress.inspection.limits import lock, processor_time
from egress.inspection.messages import Question, packed_answer, read_question
from governance.disclosure import DisclosureProfile

PRELOADED = (MpoImagePlugin, TiffImagePlugin)  # what Pillow reads Exif with
ENCODINGS: tuple[str, ...] = (
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-le",
    "utf-32-be",
    "cp1252",
    "cp437",  # of names in zip archives
    "latin-1",
    "ascii",
    "idna",
    "punycode",
)
ENCODINGS += ("unicode_escape", "raw_unicode_escape")  # of pickletools, which looks through pickles


def answer_check(question: Question) -> dict[str, Any]:
    """The media type, the number of cells of all tables and all findings of one file."""
    from egress.checks import judge
    from egress.checks.complementary import counts_of
    from egress.directions import IN, OUT, Direction
    from egress.inspection.media_types import CODE_TEXTS
    from egress.inspection.reading import read_document

    direction = Direction(question.about.get("direction", OUT))
    allowed = CODE_TEXTS if direction is IN else frozenset()
    document = read_document(question.content, question.about["name"], allowed=allowed)
    findings = judge(document, DisclosureProfile(**question.about["profile"]), direction)
    tables, complete = ([], True) if direction is IN else counts_of(document)
    counts = {"tables": tables, "hides": any(table.hides for table in tables), "complete": complete}
    return {
        "media_type": document.media_type,
        "cells": sum(table.total_rows * table.width for part in document.walk() for table in part.tables),
        "findings": [finding.as_dict() for finding in findings],
        "counts": counts,
    }


def answer_audit(question: Question) -> dict[str, Any]:
    """What the counts of all files of a request tell together: findings a file."""
    from egress.checks.complementary import check_together
    from egress.inspection.margins.facts import read_count_table
    from egress.inspection.margins.programs import spans

    files = [[read_count_table(table) for table in tables] for tables in json.loads(question.content)]
    found = check_together(files, DisclosureProfile(**question.about["profile"]), spans)
    return {"findings": [[finding.as_dict() for finding in of_file] for of_file in found]}


def answer_tables(question: Question) -> dict[str, Any]:
    """Every table of one file, in order."""
    from egress.inspection.reading import read_document

    document = read_document(question.content, question.about["name"])
    tables = (table for part in document.walk() for table in part.tables)
    return {"tables": [{"where": table.where, "header": table.header, "rows": table.rows} for table in tables]}


def answer_tell(question: Question) -> dict[str, Any]:
    """The tables of one file, for finding out where their numbers come from."""
    from egress.inspection.reading import read_document
    from egress.inspection.tabling import tell_tables

    return tell_tables(read_document(question.content, question.about["name"]))


def answer_render(question: Question) -> dict[str, Any]:
    """One file as static html."""
    from egress.inspection.flagging import Flag
    from egress.inspection.showing import show

    about = question.about
    flags = tuple(Flag(number, severity, where) for number, severity, where in about["flags"])
    return {"html": show(question.content, about["media_type"], about["threshold"], about["round_to"], flags)}


def answer_sanitise(question: Question) -> dict[str, Any]:
    """One file without what nobody sees in it, and what that was."""
    from egress.inspection.stripping import strip

    stripped = strip(question.content, question.about["media_type"])
    return {"content": base64.b64encode(stripped.content).decode(), "removed": list(stripped.removed)}


@dataclass(frozen=True)
class Way:
    """One use of the child: how it answers, and the modules it must have before it is locked."""

    answer: Callable[[Question], dict[str, Any]]
    modules: tuple[str, ...]
    keep_files: bool = False  # rendering reads its templates late


CHECKING = ("egress.checks", "egress.inspection.reading")
STRIPPING = ("egress.inspection.stripping",)
WAYS: dict[str, Way] = {
    "check": Way(answer_check, CHECKING),
    "check-pdf": Way(answer_check, (*CHECKING, "egress.inspection.pdf_pages")),
    "audit": Way(answer_audit, ("egress.checks.complementary", "egress.inspection.margins.programs")),
    "tables": Way(answer_tables, ("egress.inspection.reading", "egress.inspection.pdf_pages")),
    "tell": Way(answer_tell, ("egress.inspection.reading", "egress.inspection.tabling", "egress.inspection.pdf_pages")),
    "render": Way(answer_render, ("egress.inspection.reading",), keep_files=True),
    "sanitise": Way(answer_sanitise, STRIPPING),
    "sanitise-pdf": Way(answer_sanitise, (*STRIPPING, "egress.inspection.bare_pdf")),
}


def main(name: str, seconds: float) -> None:
    """Answer questions from standard input until it ends; give up, and end, at the first that cannot be answered."""
    way = WAYS[name]
    answers = _take_over_output()
    for encoding in ENCODINGS:
        codecs.lookup(encoding)
    Image.preinit()  # Pillow looks for its plugins on first use, when it would be too late
    for module in way.modules:
        import_module(module)
    lock(keep_files=way.keep_files)
    while (question := read_question(sys.stdin.buffer)) is not None:
        try:
            with processor_time(seconds):
                answer = way.answer(question)
        except Exception as error:  # whatever a file provokes is an answer, and the end of this process
            answers.write(packed_answer({"gave_up": type(error).__name__}))
            answers.flush()
            return
        answers.write(packed_answer(answer))
        answers.flush()


def _take_over_output() -> BinaryIO:
    """Keep the real output for answers; whatever a library prints, which may hold data, goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return answers


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
