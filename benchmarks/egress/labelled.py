"""One labelled file of the corpus, and how its label is read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

PASS, REVIEW, FAIL = "PASS", "REVIEW", "FAIL"


@dataclass(frozen=True)
class Labelled:
    """A file with the verdict that a person gave it by the rules, whatever the checks say of it.

    Attributes:
        name: as its author would call it.
        verdict: PASS (may leave), REVIEW (a person rightly has to look), FAIL (may not leave as it is).
        kinds: of leak that were planted; for a safe file, what it looks like.
        where: where the leak is, for a person who reads the label.
        content: the file's bytes.
    """

    name: str
    verdict: str
    kinds: tuple[str, ...]
    where: str
    content: bytes = field(repr=False)

    def label(self) -> dict[str, object]:
        """Everything but the bytes."""
        return {key: value for key, value in asdict(self).items() if key != "content"}


def safe(name: str, like: str, text: str | bytes, *, encoding: str = "utf-8") -> Labelled:
    """A file that may leave, and what it could be taken for."""
    return Labelled(name, PASS, tuple(like.split()), "", _bytes(text, encoding))


def look(name: str, kind: str, where: str, text: str | bytes, *, encoding: str = "utf-8") -> Labelled:
    """A file that a person has to look at."""
    return Labelled(name, REVIEW, (kind,), where, _bytes(text, encoding))


def leaky(name: str, kinds: str, where: str, text: str | bytes, *, encoding: str = "utf-8") -> Labelled:
    """A file that may not leave. `kinds`: of leak, with spaces between."""
    return Labelled(name, FAIL, tuple(kinds.split()), where, _bytes(text, encoding))


def _bytes(text: str | bytes, encoding: str) -> bytes:
    return text if isinstance(text, bytes) else text.lstrip("\n").encode(encoding)
