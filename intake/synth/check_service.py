"""Stands in for the national check service, which no test may reach: answers a request file in the service's own form.

Promise: the answer holds the numbers that were asked and may be used, in the order they were asked, and nothing else.
"""

from __future__ import annotations

from pathlib import Path

from governance.refusal import Refusal

REFUSED = Path("truth") / "national_refused.csv"


def answer_request(request: Path, region: Path, answer: Path) -> int:
    """Answer a request (one `number,` a line) from what `sde synth` planted in a region. Returns the numbers allowed.

    Raises Refusal `not-a-synthetic-region`, `no-such-file`, `file-exists`.
    """
    refused_file = region / REFUSED
    if not refused_file.is_file():
        raise Refusal(
            "not-a-synthetic-region", "That folder was not made by `sde synth`.", "Name the folder given as --out."
        )
    if not request.is_file():
        raise Refusal("no-such-file", "There is no such request file.", "Make one: sde optout check-export FILE")
    refused = set(refused_file.read_text(encoding="ascii").split()[1:])
    asked = request.read_text(encoding="ascii").splitlines()
    allowed = [line for line in asked if line.rstrip(",") not in refused]
    try:
        with answer.open("x", encoding="ascii", newline="\n") as file:
            file.writelines(f"{line}\n" for line in allowed)
    except FileExistsError:
        raise Refusal("file-exists", "There is a file of that name already.", "Name another one.") from None
    return len(allowed)
