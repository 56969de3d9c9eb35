"""A refusal: a query or a move that is not allowed, with a stable code, the reason and what to do instead."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(eq=False)  # not frozen: the interpreter sets __traceback__ on it
class Refusal(Exception):  # noqa: N818  (a refusal is a product, not an error)
    """Raised by every `check_can_x` and every policy rule; shown to people as it stands.

    Promise: no field ever holds a data value, a secret, or a hint that a record or a hidden name exists.

    Attributes:
        code: stable kebab-case identifier, e.g. `unknown-column`; never renamed, never reused.
        message: what was wrong, one sentence for a person.
        remedy: what to do instead, one sentence; may be empty when there is nothing to do.
        where: the place in what the caller sent (an excerpt of their own SQL, a file name), if there is one.
    """

    code: str
    message: str
    remedy: str = ""
    where: str = ""

    def __str__(self) -> str:
        return f"[{self.code}] {self.message}" + (f" {self.remedy}" if self.remedy else "")

    def as_dict(self) -> dict[str, str]:
        """The four fields, for JSON at the edge."""
        return asdict(self)
