"""Reads a request's path the way every server behind the edge could read it. Promise: a path that two servers could
read differently is refused, so what the rules judge is what is forwarded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from governance.refusal import Refusal

MOST_DECODINGS = 5  # a path that still changes after this many rounds was written to deceive
PRINTABLE_ASCII = re.compile(r"[!-~]+")
BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
AMBIGUOUS = Refusal("ambiguous-path", "This address is not written in its plain form.", "Use the links of the page.")


@dataclass(frozen=True)
class RequestPath:
    """A path with one meaning.

    Attributes:
        raw: as sent, without the query; safe to forward unchanged.
        segments: decoded once; the last one is empty for a path that ends in a slash.
        readings: every decoding of `segments`, with backslash read as slash; rules must look at each of them.
    """

    raw: str
    segments: tuple[str, ...]
    readings: frozenset[tuple[str, ...]]


def check_query(raw: str) -> None:
    """Raise Refusal `ambiguous-path` for a query that is not printable ASCII; browsers escape everything else."""
    if raw and not PRINTABLE_ASCII.fullmatch(raw):
        raise AMBIGUOUS


def read_path(raw: str) -> RequestPath:
    """The path, or Refusal `ambiguous-path`.

    Refused: anything but printable ASCII, broken escapes, text that is not UTF-8, control characters, empty segments
    (`//files`), dot segments (`lab/../files`, `%2e%2e`), each of them also when hidden behind further encoding or
    backslashes. Browsers and JupyterLab send none of these.
    """
    if not raw.startswith("/") or not PRINTABLE_ASCII.fullmatch(raw) or set("\\#?") & set(raw):
        raise AMBIGUOUS
    if BROKEN_ESCAPE.search(raw):
        raise AMBIGUOUS
    rounds = _decode(raw)
    readings = frozenset(_split(text) for text in rounds)
    for segments in readings:
        if "" in segments[:-1] or {".", ".."} & set(segments):
            raise AMBIGUOUS
    return RequestPath(raw, tuple(rounds[0][1:].split("/")), readings)


def _decode(raw: str) -> list[str]:
    """Each decoding of the path, from the first to the one that no longer changes."""
    rounds: list[str] = []
    text = raw
    for _ in range(MOST_DECODINGS):
        try:
            decoded = unquote(text, errors="strict")
        except UnicodeDecodeError:
            raise AMBIGUOUS from None
        if CONTROL.search(decoded):
            raise AMBIGUOUS
        if rounds and decoded == rounds[-1]:
            return rounds
        rounds.append(decoded)
        text = decoded
    raise AMBIGUOUS


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.replace("\\", "/")[1:].split("/"))
