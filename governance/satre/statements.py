"""Which statements of SATRE the software answers, what it claims of each, and the evidence, from statements.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("statements.toml")
LEVELS = {"M": "mandatory", "R": "recommended", "O": "optional"}
NOT_APPLICABLE = -1


@dataclass(frozen=True)
class Statement:
    """One statement. `claim`: 2 met, 1 partly, 0 not, NOT_APPLICABLE. `tests`: a folder, file, class or function below
    `tests/`, each of which must have passed for the claim to stand. `documents`: where to read about it. `note`: what
    is missing, wherever the claim is not 2."""

    id: str
    level: str
    says: str
    claim: int
    tests: tuple[str, ...]
    documents: tuple[str, ...]
    note: str


def read_statements(source: Path = SOURCE) -> tuple[Statement, ...]:
    """All of them, in SATRE's order."""
    return tuple(_statement(entry) for entry in tomllib.loads(source.read_text())["statement"])


def _statement(entry: dict[str, Any]) -> Statement:
    return Statement(
        entry["id"],
        entry["level"],
        entry["says"],
        entry["claim"],
        tuple(entry.get("tests", ())),
        tuple(entry.get("documents", ())),
        entry.get("note", ""),
    )
