"""Where an expression stands: over rows of tables, or over protected values. Writers ask their context, never the
catalogue."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Kind, Term


class Context(ABC):
    """What a name, an aggregate, a window or a subquery means at this place of the query."""

    @abstractmethod
    def write(self, node: Any) -> Term:
        """The term of `node`. Raises Refusal for everything that is not on the allow-list."""

    @abstractmethod
    def column(self, node: Any) -> Term:
        """The term of a column name. Raises `unknown-column` and its kin."""

    @abstractmethod
    def null_test(self, node: Any) -> Term:
        """The term of a column whose value is only asked to be null or not: person and row keys are welcome here."""

    def inside(self) -> Context:
        """The context of what an aggregate at this place reads."""
        return self

    def condition(self, node: Any) -> Term:
        """The term of a condition; refuses numbers and texts used as truth values."""
        term = self.write(node)
        if term.kind not in (Kind.BOOLEAN, Kind.NULL):
            raise refuse("type-mismatch", node, remedy="Write a comparison here, for example x = 1.")
        return term
