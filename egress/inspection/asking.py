"""Asks a locked child about one file. Promise: no byte of the file is parsed here, and an answer of another shape than
expected is none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from egress.inspection.child_process import ChildProcess
from egress.inspection.messages import Question
from egress.inspection.opening import CannotOpenError, open_for_checks

SECONDS = 20.0  # of the processor, a file
T = TypeVar("T")


def ask_about(
    child: ChildProcess, path: Path, name: str, *, limit: int, longest: int, understand: Callable[[dict[str, Any]], T]
) -> T | None:
    """The answer as a value; None for a file that could not be opened or read, or an answer that is no such value.

    Args:
        child: started with the way that answers.
        path, name: where the bytes are, and what the file is called.
        limit, longest: most bytes of the file, and of the answer.
        understand: makes the value; raises ValueError, KeyError or TypeError for another shape.
    """
    try:
        opened = open_for_checks(path, limit)
    except CannotOpenError:
        return None
    answer = child.ask(Question({"name": name}, opened.content).packed(), longest)
    try:
        return understand(json.loads(answer or b""))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        child.end()  # it may have given up: the next file deserves a fresh one
        return None
