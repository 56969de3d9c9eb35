"""The engine's sandbox: which files, limits and namespaces a worker gets. Promise: no network, no environment, no
capability, and no file but the system's libraries, Python, DuckDB, Arrow and at most one extract, all read-only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from governance.confinement.bubblewrap import BASE_ARGUMENTS, find_bwrap
from query_guard.engine import worker

SYSTEM = Path("/usr")
LIBRARY_LINKS = ("/lib", "/lib64", "/lib32")  # symbolic links into /usr on a merged system
LOADER_CACHE = "/etc/ld.so.cache"
WORKER = "/engine/worker.py"
TMP_BYTES = 2**20
PACKAGES = ("duckdb", "pyarrow")  # without numpy, which halves the start-up time and is not needed

#: All that a worker sees of an environment. One malloc arena a thread would reserve 64 MiB of address space each.
ENVIRONMENT = {"LANG": "C.UTF-8", "TZ": "UTC", "MALLOC_ARENA_MAX": "2"}


def sandbox_command(database: Path | None, seccomp_descriptor: int) -> list[str]:
    """The whole command line of one worker.

    Args:
        database: the extract it may read; None for the engine that has no data.
        seccomp_descriptor: an inherited descriptor holding the system call filter.

    Raises Refusal `no-bubblewrap`.
    """
    command = [str(find_bwrap()), *BASE_ARGUMENTS, "--die-with-parent", "--new-session"]
    command += ["--uid", "65534", "--gid", "65534", "--hostname", "engine", "--clearenv"]
    command += ["--seccomp", str(seccomp_descriptor)]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    command += [*_fixed_files(), "--ro-bind", worker.__file__, WORKER]
    if database is not None:
        command += ["--ro-bind", str(database), worker.DATABASE]
    command += ["--remount-ro", "/", "--chdir", "/"]
    # -I: no environment, no user site; -S: no site-packages; -B: writes no bytecode
    return [*command, str(_interpreter()), "-I", "-S", "-B", WORKER]


@cache
def _fixed_files() -> tuple[str, ...]:
    """Mounts that every worker has."""
    arguments = ["--ro-bind", str(SYSTEM), str(SYSTEM), "--ro-bind-try", LOADER_CACHE, LOADER_CACHE]
    for link in map(Path, LIBRARY_LINKS):
        if link.is_symlink():
            arguments += ["--symlink", str(link.readlink()), str(link)]
        elif link.is_dir():
            arguments += ["--ro-bind", str(link), str(link)]
    base = Path(sys.base_prefix).resolve()
    if not base.is_relative_to(SYSTEM):
        arguments += ["--ro-bind", str(base), str(base)]
    for source in _packages():
        arguments += ["--ro-bind", str(source), f"{worker.LIBRARIES}/{source.name}"]
    return (*arguments, "--proc", "/proc", "--dev", "/dev", "--size", str(TMP_BYTES), "--tmpfs", "/tmp")  # noqa: S108


def _packages() -> Iterator[Path]:
    """Top-level files and folders of the packages a worker needs, as their own records list them."""
    for name in PACKAGES:
        installed = distribution(name)
        for part in sorted({file.parts[0] for file in installed.files or ()}):
            source = Path(str(installed.locate_file(part)))
            if part != ".." and source.exists():
                yield source


def _interpreter() -> Path:
    """The real interpreter behind a virtual environment's link."""
    return Path(sys.executable).resolve()
