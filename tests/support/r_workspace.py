"""Runs R inside a real workspace sandbox of the R image, against a real guard: `sde workspace run --image r`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from governance.settings import Settings
from hub.workspace_image import R_IMAGE

SDE = Path(sys.executable).with_name("sde")
SCRIPTS = Path(__file__).resolve().parent.parent / "fixtures" / "r"
PERSON, PROJECT = "researcher-a", "gi-bleed"
ANSWER = "answer: "


def require_r() -> None:
    """R is no optional part of these tests: `make setup-test` installs it wherever apt can."""
    assert R_IMAGE.is_installed, "the R image is not installed: run `make setup-test` (as root, or with sudo)"


def run_r(settings: Settings, code: str, *, image: str = "r") -> subprocess.CompletedProcess[str]:
    """Run the code by Rscript and return what it printed."""
    return subprocess.run(
        [SDE, "workspace", "run", PROJECT, "--as", PERSON, "--image", image, "--", "Rscript", "-"],
        env={**os.environ, "SDE_STATE": str(settings.folder.root)},
        input=code,
        capture_output=True,
        text=True,
        timeout=180,
    )


def start_r(settings: Settings, code: str) -> subprocess.Popen[str]:
    """The same without waiting for its end; its output and its errors are one pipe."""
    running = subprocess.Popen(
        [SDE, "workspace", "run", PROJECT, "--as", PERSON, "--image", "r", "--", "Rscript", "-"],
        env={**os.environ, "SDE_STATE": str(settings.folder.root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert running.stdin is not None
    running.stdin.write(code)
    running.stdin.close()
    return running


def run_checks(settings: Settings, script: str) -> dict[str, str]:
    """Run one of the scripts in tests/fixtures/r; every failed check with what went wrong. Fails if it ran none."""
    code = "\n".join((SCRIPTS / name).read_text() for name in ("checks.R", script))
    found = ask_r(settings, code + "\nreport_checks()\n")
    assert found["run"] > 0
    return dict(found["failed"])


def ask_r(settings: Settings, code: str) -> dict[str, Any]:
    """What the code hands to `answer(list(...))` (tests/fixtures/r/checks.R), as JSON."""
    done = run_r(settings, code)
    lines = [line for line in done.stdout.splitlines() if line.startswith(ANSWER)]
    assert done.returncode == 0 and len(lines) == 1, (done.returncode, done.stdout[-3000:], done.stderr[-3000:])
    answer: dict[str, Any] = json.loads(lines[0].removeprefix(ANSWER))
    return answer


def in_python(settings: Settings, code: str) -> Any:
    """The same by Python in the Python image: what the code leaves in `result`, as JSON."""
    code += "\nimport json; print('answer: ' + json.dumps(result, default=str))"
    done = subprocess.run(
        [SDE, "workspace", "run", PROJECT, "--as", PERSON, "--", "python", "-c", code],
        env={**os.environ, "SDE_STATE": str(settings.folder.root)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    [line] = [line for line in done.stdout.splitlines() if line.startswith(ANSWER)]
    return json.loads(line.removeprefix(ANSWER))
