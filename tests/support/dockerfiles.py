"""Reads a Dockerfile: its instructions as (word, rest), continued lines joined, comments left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Instruction = tuple[str, str]


@dataclass(frozen=True)
class Dockerfile:
    """One file's instructions."""

    text: str

    @classmethod
    def read(cls, path: Path) -> Dockerfile:
        return cls(path.read_text())

    def instructions(self) -> Iterator[Instruction]:
        kept = "\n".join(line for line in self.text.splitlines() if not line.lstrip().startswith("#"))
        for line in re.sub(r"\\\n\s*", " ", kept).splitlines():
            if line.strip():
                word, _, rest = line.strip().partition(" ")
                yield word.upper(), rest.strip()

    def all_of(self, word: str) -> list[str]:
        return [rest for name, rest in self.instructions() if name == word]

    def of_last_stage(self) -> list[Instruction]:
        found: list[Instruction] = []
        for instruction in self.instructions():
            found = [instruction] if instruction[0] == "FROM" else [*found, instruction]
        return found


def faults(dockerfile: Dockerfile) -> list[str]:
    """What is wrong with it, in words; empty if nothing."""
    found = [*_base_faults(dockerfile), *_run_faults(dockerfile)]
    if dockerfile.all_of("ADD"):
        found.append("ADD fetches and unpacks: use COPY")
    if re.search(r"(?i)(secret|token|password|credential)s?\s*=|BEGIN [A-Z ]*PRIVATE KEY|://[^/\s]+@", dockerfile.text):
        found.append("a secret")
    if re.search(r"https?://|\b[a-z0-9-]+(\.[a-z0-9-]+)*\.(io|com|org|net|dev)/", dockerfile.text):
        found.append("the address of a host")
    last = dict(dockerfile.of_last_stage())
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", last.get("USER", "")):
        found.append("the last stage names no user by number, or root")
    if last.get("FROM") != "scratch" or "COPY" not in last:
        found.append("layers of the making are left in the image")
    if "org.opencontainers.image.title" not in last.get("LABEL", ""):
        found.append("no label says what it is")
    return found


def _base_faults(dockerfile: Dockerfile) -> Iterator[str]:
    defaults = [argument for argument in dockerfile.all_of("ARG") if "=" in argument]
    if defaults:
        yield f"an argument has a default: {defaults[0]}"
    stages: set[str] = {"scratch"}
    for base in dockerfile.all_of("FROM"):
        image, *named = base.split()
        if image not in stages and image != "${PYTHON_IMAGE}" and not re.search(r"@sha256:[0-9a-f]{64}$", image):
            yield f"a base that is not named by digest: {image}"
        stages.update(named[1:])


def _run_faults(dockerfile: Dockerfile) -> Iterator[str]:
    runs = " && ".join(dockerfile.all_of("RUN"))
    for command in re.split(r"&&|;|\|\|?", runs):
        if re.search(r"\b(pip|uv)\b.*\binstall\b", command) and not (
            "--require-hashes" in command or "--no-index" in command
        ):
            yield f"an installation without hashes: {command.strip()}"
        if re.search(r"\bapt(-get)? install\b", command) and "--no-install-recommends" not in command:
            yield "packages that nobody named"
        if re.search(r"\b(curl|wget|git clone)\b", command.replace("r-cran-curl", "")):
            yield f"a download: {command.strip()}"
    if not dockerfile.all_of("RUN") or not dockerfile.all_of("RUN")[-1].endswith("/build/strip.sh"):
        yield "the package manager is left"
