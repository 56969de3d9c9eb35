"""Which files a delivery has, and which table each holds, from their names alone.

Promise: a name that is no plain file name, and whatever is not a plain file (a link, a pipe, a device), is refused
before anything is opened; a name that comes from outside is never part of a path or a pattern we make.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from governance.refusal import Refusal
from intake.feeds import Feed, FeedTable

#: No path separator, no sign that a shell or a file pattern reads, no control character, no leading dot or hyphen.
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,199}", re.ASCII)
ENDINGS = (".csv.gz", ".csv", ".parquet")
SHOWN = 60  # characters of a name that is refused


@dataclass(frozen=True)
class DeliveredFile:
    """One file: where it lies, the table it holds, and its ending, one of `ENDINGS`."""

    path: Path
    table: str
    ending: str


def find_files(feed: Feed, paths: Sequence[Path]) -> tuple[DeliveredFile, ...]:
    """The files below the given folders (one level) and the given files, by name.

    Raises Refusal `no-such-file`, `file-name`, `not-a-plain-file`, `unknown-file`, `duplicate-file`, `empty-delivery`,
    `missing-table`.
    """
    found: dict[str, DeliveredFile] = {}
    for path in _each(paths):
        file = _find_table(feed, path)
        if path.name in found:
            raise _refuse("duplicate-file", "Two files of the delivery have one name", path.name, "Deliver it once.")
        found[path.name] = file
    if not found:
        raise Refusal("empty-delivery", "The delivery holds no file.", f"Its files are: {_names(feed)}.")
    _check_complete(feed, {file.table for file in found.values()})
    return tuple(found[name] for name in sorted(found))


def _each(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        try:
            below = sorted(path.iterdir()) if path.is_dir() else [path]
        except OSError:
            raise Refusal("no-such-file", f"{path} cannot be read.", "Check the path and its rights.") from None
        yield from below


def _find_table(feed: Feed, path: Path) -> DeliveredFile:
    if not PLAIN_NAME.fullmatch(path.name):
        raise _refuse(
            "file-name",
            "A file's name may have letters, digits, spaces, dots, hyphens and underscores, and is not",
            path.name,
            "Rename it.",
        )
    _check_plain(path)
    ending = next((ending for ending in ENDINGS if path.name.lower().endswith(ending)), "")
    stem = path.name.lower().removesuffix(ending) if ending else ""
    tables = [table for table in feed.tables.values() if _holds(table, stem)]
    if not tables:
        raise _refuse("unknown-file", f"The feed {feed.name} has no table in a file", path.name, _expected(feed))
    return DeliveredFile(path, max(tables, key=lambda table: len(table.file)).name, ending)


def _check_plain(path: Path) -> None:
    try:
        kind = path.lstat().st_mode
    except (OSError, ValueError):
        raise _refuse("no-such-file", "There is no file", path.name, "Check the path.") from None
    if not stat.S_ISREG(kind):
        raise _refuse(
            "not-a-plain-file", "A link, folder, pipe or device is not taken", path.name, "Deliver plain files only."
        )


def _holds(table: FeedTable, stem: str) -> bool:
    return stem == table.file.lower() or stem.startswith(f"{table.file.lower()}_")


def _check_complete(feed: Feed, present: set[str]) -> None:
    """A table whose rows refer to another comes together with it."""
    for name in sorted(present):
        for other in feed.tables[name].refers:
            if other not in present:
                raise Refusal(
                    "missing-table",
                    f"{feed.tables[name].file} refers to {feed.tables[other].file}, which was not delivered.",
                    "Deliver both together.",
                )


def _names(feed: Feed) -> str:
    return ", ".join(table.file for table in feed.tables.values())


def _expected(feed: Feed) -> str:
    return f"Its files are {_names(feed)}, each .csv, .csv.gz or .parquet, with _<part> after the name if in parts."


def _refuse(code: str, message: str, name: str, remedy: str) -> Refusal:
    return Refusal(code, f"{message}: {name[:SHOWN]!a}.", remedy)
