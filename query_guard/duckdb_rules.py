"""The rules that a value in DuckDB's parse can have: any scalar, one of a list, a node of some kinds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_NESTED = (list, dict)


@dataclass(frozen=True)
class Free:
    """Any scalar: names and literals are compared elsewhere, positions mean nothing."""

    def allows(self, value: Any) -> bool:
        """Whether the value is no list and no object."""
        return not isinstance(value, list | dict)


@dataclass(frozen=True)
class OneOf:
    """Exactly one of these JSON values."""

    values: tuple[Any, ...]
    _pairs: frozenset[tuple[type[Any], Any]] = field(init=False, repr=False, compare=False, default=frozenset())

    def __post_init__(self) -> None:
        pairs = frozenset((type(value), value) for value in self.values if not isinstance(value, list))
        object.__setattr__(self, "_pairs", pairs)

    def allows(self, value: Any) -> bool:
        """Whether the value is one of them, in type too: in JSON, 0 is not false."""
        if type(value) in _NESTED:
            return value in self.values
        return (type(value), value) in self._pairs


@dataclass(frozen=True)
class Word:
    """One of these words in any case."""

    values: tuple[str, ...]

    def allows(self, value: Any) -> bool:
        """Whether the value is one of the words."""
        return isinstance(value, str) and value.upper() in self.values


@dataclass(frozen=True)
class Names:
    """A list of names."""

    def allows(self, value: Any) -> bool:
        """Whether the value is a list of texts."""
        return isinstance(value, list) and all(isinstance(name, str) for name in value)


@dataclass(frozen=True)
class Reference:
    """A column's name, alone or behind its table's; more parts would reach into a schema or a structure."""

    def allows(self, value: Any) -> bool:
        """Whether the value is a list of one or two texts."""
        return Names().allows(value) and 1 <= len(value) <= 2


@dataclass(frozen=True)
class OneSet:
    """A list of at most one grouping set."""

    def allows(self, value: Any) -> bool:
        """Whether the value is such a list."""
        return isinstance(value, list) and len(value) <= 1


@dataclass(frozen=True)
class Node:
    """A node of one of these kinds; `optional` allows null."""

    kinds: tuple[str, ...]
    optional: bool = False


@dataclass(frozen=True)
class Nodes:
    """A list, possibly empty, of nodes of these kinds."""

    kinds: tuple[str, ...]


Rule = Free | OneOf | Word | Names | Reference | OneSet | Node | Nodes
Shape = dict[str, Rule]
