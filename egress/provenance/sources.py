"""One answer of the guard, laid out so that rows are found by their labels and cells by their value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property

from egress.provenance.wording import normal, normal_value
from governance.answers import PublishedAnswer, PublishedColumn

Labels = Mapping[int, str]  # number of a label column -> normal label
Rows = tuple[int, ...]


class Source:
    """An answer by its receipt. Columns are `labels` (what rows are about) or `measures` (numbers about people), each
    by its position in the answer."""

    def __init__(self, receipt: str, cut: str, answer: PublishedAnswer) -> None:
        self.receipt = receipt
        self.cut = cut
        self.answer = answer
        columns = tuple(enumerate(answer.columns))
        self.measures = tuple(place for place, column in columns if column.about_people and _is_numeric(column))
        self.labels: dict[int, tuple[str, ...]] = {
            place: tuple(map(normal_value, column.cells)) for place, column in columns if not column.about_people
        }
        self.names = {place: normal(column.name) for place, column in columns}
        self.numbers: dict[int, tuple[float | None, ...]] = {
            place: tuple(_number(cell) for cell in answer.columns[place].cells) for place in self.measures
        }
        self._by_labels: dict[tuple[int, ...], dict[tuple[str, ...], Rows]] = {}

    @cached_property
    def _all_rows(self) -> Rows:
        return tuple(range(self.answer.rows))

    @cached_property
    def domains(self) -> dict[int, frozenset[str]]:
        """The labels of each label column."""
        return {place: frozenset(texts) for place, texts in self.labels.items()}

    @cached_property
    def by_name(self) -> dict[str, tuple[int, ...]]:
        """The measures of a name."""
        found: dict[str, tuple[int, ...]] = {}
        for place in self.measures:
            found[self.names[place]] = (*found.get(self.names[place], ()), place)
        return found

    @cached_property
    def by_value(self) -> dict[float, tuple[int, int]]:
        """The first cell (row, column) of each value."""
        found: dict[float, tuple[int, int]] = {}
        for place in self.measures:
            for row, number in enumerate(self.numbers[place]):
                if number is not None:
                    found.setdefault(number, (row, place))
        return found

    @cached_property
    def words(self) -> frozenset[str]:
        """Everything a label or a name says, to tell at a glance whether a table could come from here."""
        return frozenset().union(*self.domains.values(), self.names.values()) - {""}

    def rows_with(self, labels: Labels) -> Rows:
        """The rows that have these labels; all rows for none."""
        if not labels:
            return self._all_rows
        places = tuple(sorted(labels))
        if places not in self._by_labels:
            index: dict[tuple[str, ...], list[int]] = defaultdict(list)
            for row, key in enumerate(zip(*(self.labels[place] for place in places), strict=True)):
                index[key].append(row)
            self._by_labels[places] = {key: tuple(rows) for key, rows in index.items()}
        return self._by_labels[places].get(tuple(labels[place] for place in places), ())

    def is_additive(self, measure: int) -> bool:
        """Whether its numbers may be summed: counts and sums are whole, means are not."""
        return all(number is None or number.is_integer() for number in self.numbers[measure])

    def sum_of(self, measure: int, rows: Rows) -> float:
        """Of what is shown."""
        return sum(number for row in rows if (number := self.numbers[measure][row]) is not None)

    def sketch_behind(self, row: int, column: int) -> bytes:
        """The sketch of the people behind a cell, where one protected number has its labels and its value."""
        return self._sketches.get((self._key(row), self.numbers[column][row]), b"")

    @cached_property
    def _sketches(self) -> dict[tuple[tuple[str, ...], float | None], bytes]:
        found: dict[tuple[tuple[str, ...], float | None], bytes] = {}
        for ground in self.answer.grounds:
            key = tuple(sorted(map(normal_value, ground.labels)))
            for number, sketch in zip(ground.numbers, ground.sketches, strict=True):
                place = key, _number(number)
                found[place] = sketch if found.get(place, sketch) == sketch else b""  # two sets: not known which
        return found

    def _key(self, row: int) -> tuple[str, ...]:
        return tuple(sorted(texts[row] for texts in self.labels.values()))


def _is_numeric(column: PublishedColumn) -> bool:
    return any(_number(cell) is not None for cell in column.cells)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
