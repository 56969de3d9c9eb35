"""`python -m sde check FILE...`: the airlock's automatic checks from a terminal, a cell (`!python -m sde check .`) or
JupyterLab. Exit code 0 if nothing would bounce, 1 if a file would, 2 if the question could not be answered."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from sde.checking import MEANING, UNSEEN, Checked, check
from sde.errors import Refused

WOULD_BOUNCE, NO_ANSWER = 1, 2


def main(given: Sequence[str] | None = None) -> int:
    """Ask, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sde", description="What the airlock would say of files.")
    commands = parser.add_subparsers(required=True)
    asked = commands.add_parser("check", help="run the airlock's automatic checks; nothing is sent for review")
    asked.add_argument("files", nargs="+", help="files, or folders with files in them")
    asked.add_argument("--json", action="store_true", help="one JSON object instead of words")
    options = parser.parse_args(given)
    try:
        checked = check(options.files)
    except (Refused, OSError) as problem:
        print(_words(problem), file=sys.stderr)
        return NO_ANSWER
    print(json.dumps(_as_json(checked)) if options.json else repr(checked))
    return WOULD_BOUNCE if checked.verdict == "FAIL" else 0


def _words(problem: Exception) -> str:
    if isinstance(problem, OSError):
        return f"{problem.filename}: {problem.strerror}"
    return str(problem)


def _as_json(checked: Checked) -> dict[str, object]:
    findings = checked.to_dict("records")
    files = [
        {
            "file": file,
            "verdict": verdict,
            "meaning": MEANING[verdict],
            "findings": [found for found in findings if found["file"] == file],
        }
        for file, verdict in checked.verdicts.items()
    ]
    return {"summary": checked.summary, "verdict": checked.verdict, "files": files, "unseen": UNSEEN}


if __name__ == "__main__":
    sys.exit(main())
