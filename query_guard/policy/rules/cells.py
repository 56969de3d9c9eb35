"""The raw cells as arrays: one entry per group, null read as none. Only stage 8 looks at them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from query_guard.policy.measures.families import sketch_columns
from query_guard.policy.plan import ALL_ROWS, Measure, Statistic

Mask = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


class Cells:
    """Reads the hidden columns of the raw table by the prefixes that a Statistic names."""

    def __init__(self, raw: pa.Table) -> None:
        self._raw = raw
        self.size: int = raw.num_rows

    def count(self, name: str) -> Counts:
        """A column of counts; null is 0."""
        column = self._raw.column(name).combine_chunks()
        return np.asarray(column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), dtype=np.int64)

    def number(self, name: str) -> Numbers:
        """A column of numbers; null is 0."""
        column = self._raw.column(name).combine_chunks()
        return np.asarray(column.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False), dtype=np.float64)

    def top(self, name: str) -> Numbers:
        """The two largest contributions of single people, largest first: shape (cells, 2), 0 where there is none."""
        lists: list[Any] = self._raw.column(name).to_pylist()
        padded = [[*(entry or ()), 0, 0][:2] for entry in lists]
        return np.asarray(padded, dtype=np.float64).reshape(self.size, 2)

    def bits(self, name: str) -> npt.NDArray[np.uint64]:
        """A column of 64-bit sketches; null is none."""
        column = self._raw.column(name).combine_chunks()
        return np.asarray(column.fill_null(0).to_numpy(zero_copy_only=False), dtype=np.uint64)

    def measured(self, name: str) -> Numbers:
        """A column of numbers; null is NaN."""
        column = self._raw.column(name).combine_chunks().cast(pa.float64())
        return np.asarray(column.fill_null(float("nan")).to_numpy(zero_copy_only=False), dtype=np.float64)

    def spread(self, name: str) -> tuple[Counts, Counts, Counts]:
        """A column of maps from a number of rows to the people who have so many: (cell, rows, people) of all entries,
        ordered by cell and rows."""
        maps = self._raw.column(name).combine_chunks()
        offsets = np.asarray(maps.offsets, dtype=np.int64) if self.size else np.zeros(1, dtype=np.int64)
        inside = slice(int(offsets[0]), int(offsets[-1]))
        owner = np.repeat(np.arange(self.size), np.diff(offsets))
        rows = np.asarray(maps.keys, dtype=np.int64)[inside]
        people = np.asarray(maps.items, dtype=np.int64)[inside]
        order = np.lexsort((rows, owner))
        return owner[order], rows[order], people[order]

    def innermost_end(self, name: str, people: int) -> Numbers:
        """The last of each list of `people` most extreme values; NaN where the list is shorter."""
        lists: list[Any] = self._raw.column(name).to_pylist()
        ends = [entry[people - 1] if entry and len(entry) == people else float("nan") for entry in lists]
        return np.asarray(ends, dtype=np.float64).reshape(self.size)

    def sketch(self, name: str) -> npt.NDArray[np.uint64]:
        """The parity sketches of a statistic: shape (cells, words)."""
        words = [self.bits(column) for column in sketch_columns(name)]
        return np.stack(words, axis=1) if self.size else np.zeros((0, len(words)), dtype=np.uint64)

    def keys(self, names: tuple[str, ...]) -> npt.NDArray[np.int64]:
        """The group keys as codes: shape (cells, keys). Equal values have equal codes; NULL has one of its own."""
        coded = [self._raw.column(name).combine_chunks().dictionary_encode(null_encoding="encode") for name in names]
        arrays = [np.asarray(column.indices.to_numpy(zero_copy_only=False), dtype=np.int64) for column in coded]
        return np.stack(arrays, axis=1) if arrays else np.zeros((self.size, 0), dtype=np.int64)

    def contributors(self) -> Counts:
        """Distinct people of each cell."""
        return self.count("contributors")

    def people(self, prefix: str) -> Counts:
        """Distinct people behind a family's column."""
        return self.contributors() if prefix == ALL_ROWS else self.count(f"{prefix}_people")

    def there(self, statistic: Statistic) -> Counts:
        """People with a value at all, be it 0: those whom the sketch of its people is made of."""
        measured = statistic.measure in (Measure.SUM, Measure.MEAN)
        return self.count(f"{statistic.prefix}_there") if measured else self.people(statistic.prefix)

    def two_valued(self, prefix: str) -> Mask:
        """Cells in which a quantity takes only zero and one other value: a count in disguise."""
        low, high = self.number(f"{prefix}_low"), self.number(f"{prefix}_high")
        return np.asarray((low == high) & (self.count(f"{prefix}_zero_rows") > 0), dtype=np.bool_)

    def none(self) -> Mask:
        """No cell."""
        return np.zeros(self.size, dtype=np.bool_)
