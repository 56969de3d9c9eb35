"""The locked child: reads hostile files one after another and answers with plain data. Started by locked_child.py.

`python -m egress.inspection.child check|render`. Everything it needs is loaded before the lock closes.
"""

from __future__ import annotations

import codecs
import os
import sys
from typing import Any, BinaryIO

from PIL import Image, MpoImagePlugin, TiffImagePlugin

from egress.checks import judge
from egress.inspection.limits import lock
from egress.inspection.messages import Question, packed_answer, read_question
from egress.inspection.reading import read_document
from governance.disclosure import DisclosureProfile

PRELOADED = (MpoImagePlugin, TiffImagePlugin)  # what Pillow reads Exif with
ENCODINGS: tuple[str, ...] = (
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "cp1252",
    "latin-1",
    "ascii",
    "idna",
    "punycode",
)
ENCODINGS += ("unicode_escape", "raw_unicode_escape")  # of pickletools, which looks through pickles


def answer_check(question: Question) -> dict[str, Any]:
    """The media type and all findings of one file."""
    document = read_document(question.content, question.about["name"])
    findings = judge(document, DisclosureProfile(**question.about["profile"]))
    return {"media_type": document.media_type, "findings": [finding.as_dict() for finding in findings]}


def answer_render(question: Question) -> dict[str, Any]:
    """One file as static html."""
    from egress.inspection.showing import show

    about = question.about
    return {"html": show(question.content, about["media_type"], about["threshold"], about["round_to"])}


ANSWERS = {"check": answer_check, "render": answer_render}


def main(way: str) -> None:
    """Answer questions from standard input until it ends; give up, and end, at the first that cannot be answered."""
    answers = _take_over_output()
    for encoding in ENCODINGS:
        codecs.lookup(encoding)
    Image.preinit()  # Pillow looks for its plugins on first use, when it would be too late
    lock(keep_files=way == "render")
    while (question := read_question(sys.stdin.buffer)) is not None:
        try:
            answer = ANSWERS[way](question)
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
    main(sys.argv[1])
