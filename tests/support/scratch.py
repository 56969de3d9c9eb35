"""Where tests leave things: a temporary directory of the session's own, and folders that all its processes share."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

_OURS = pytest.StashKey[Path]()


def open_scratch(config: pytest.Config) -> None:
    """Make the temporary directory of this session, for itself, its workers and all their children.

    Sockets of a state folder with a long path lie there, and what a killed process leaves. The name is short, because a
    unix socket's path is. Tests' own folders stay where pytest keeps them for those who look into a failure.
    """
    if hasattr(config, "workerinput"):  # the controlling process has made it
        return
    usual = tempfile.gettempdir()
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", usual)
    made = tempfile.mkdtemp(prefix="t-", dir=usual)
    config.stash[_OURS] = Path(made)
    os.environ["TMPDIR"] = made
    tempfile.tempdir = None  # it is looked up again


def close_scratch(config: pytest.Config) -> None:
    """Remove it, whatever a killed process left there."""
    made = config.stash.get(_OURS, None)
    if made is not None:
        shutil.rmtree(made, ignore_errors=True)


def surroundings() -> dict[str, str]:
    """The environment of a process under test: nothing of the person's who runs the tests but where things are, and
    whether its lines are counted."""
    counted = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {"PATH": os.environ["PATH"], "TMPDIR": tempfile.gettempdir(), **counted}


def shared_folder(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder `name`, made by the first process of this session that asks; nobody changes it afterwards.

    `make` is given the path to make. It is moved into place when it is whole, so that a failed attempt leaves nothing.
    """
    own = factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = root / f"shared-{name}"
    with (root / f"shared-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            attempt = factory.mktemp(name) / "made"
            make(attempt)
            attempt.rename(folder)
    return folder
