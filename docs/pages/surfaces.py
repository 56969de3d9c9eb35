"""The published table of a workspace's surfaces, from docs/explanation/surfaces.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "explanation" / "surfaces.toml"

_INTRODUCTION = """# Every surface of a workspace

Code in a workspace is taken to be hostile. This table names each way in which something could leave, or reach what it
should not: what closes it, which modules do, which tests attack it, and what is left, in plain words. "Nothing" is an
answer too. [The walls of a workspace](../explanation/isolation.md) tells how it is built. A test checks that every
module and test named here exists.
"""


@dataclass(frozen=True)
class Surface:
    """One row."""

    group: str
    name: str
    closed_by: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]
    left: str


def read_surfaces(source: Path = SOURCE) -> tuple[Surface, ...]:
    """All rows, in order."""
    rows = tomllib.loads(source.read_text(encoding="utf-8"))["surface"]
    return tuple(
        Surface(row["group"], row["name"], row["closed_by"], tuple(row["modules"]), tuple(row["tests"]), row["left"])
        for row in rows
    )


def page() -> str:
    """One table for each group."""
    parts = [_INTRODUCTION]
    for group, rows in groupby(read_surfaces(), key=lambda row: row.group):
        parts.append(
            f"\n## {group}\n\n| surface | what closes it | where | attacked by | what is left |\n|---|---|---|---|---|"
        )
        parts += [_row(row) for row in rows]
    return "\n".join(parts)


def _row(row: Surface) -> str:
    modules = _codes(row.modules) or "-"
    tests = _codes([test.removeprefix("tests/") for test in row.tests]) or "-"
    return f"| {row.name} | {row.closed_by} | {modules} | {tests} | {row.left} |"


def _codes(names: Sequence[str]) -> str:
    return "<br>".join(f"`{name}`" for name in names)
