"""Across releases: whether a table differs from one that left before by so few people that both together tell of them.

Two ways to see it. Numbers that go back to answers: the sketches of their sets differ in a few bits, and what was said
of them differs; a number that left before in the same words tells nothing new, whatever lies near it. Others: the same
labels, and counts that lie less than the threshold apart, in a table of which most is as it was. Numbers that both go
back to answers are the guard's own care: it gave near sets one number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from egress.provenance.records import Record, Recorded
from egress.provenance.tables import How

MOSTLY = 0.5  # of the labels in common must have about the same count
OF_ONE_SET = frozenset({How.EXACT, How.ROUNDED})
MOST_COMPARED = 2_000  # cells of a table whose sets are compared one by one

Key = tuple[str, ...]
Said = tuple[bytes, object]  # the sketch of a set of people, and what was said of it


def is_too_near(new: Record, old: Record, threshold: int, left: frozenset[Said] = frozenset()) -> bool:
    """Whether the two tables differ by 1 to threshold-1 people somewhere.

    Args:
        new, old: of one data cut.
        threshold: fewest people by which releases may differ.
        left: what was said of which sets in other releases of the cut (`said_in`).
    """
    return _sets_are_near(new, old, threshold, left) or _counts_are_near(new, old, threshold)


def may_be_of_one_cut(cut: str, other: str) -> bool:
    """Whether two tables may be of one data cut; empty where that is not known."""
    return cut == other or not cut or not other


def said_in(record: Record) -> frozenset[Said]:
    """What a table says of which sets of people."""
    return frozenset(map(_said, _of_sets(record)))


def _said(cell: Recorded) -> Said:
    return cell.link.sketch, cell.link.said


def _sets_are_near(new: Record, old: Record, threshold: int, left: frozenset[Said]) -> bool:
    known = left | said_in(old)
    before = [(int.from_bytes(cell.link.sketch, "little"), cell.link.said) for cell in _of_sets(old)]
    for cell in _of_sets(new):
        if _said(cell) in known:
            continue
        sketch = int.from_bytes(cell.link.sketch, "little")
        for other, said in before:
            if said != cell.link.said and 0 < (sketch ^ other).bit_count() < threshold:
                return True
    return False


def _of_sets(record: Record) -> list[Recorded]:
    found: dict[bytes, Recorded] = {}
    for cell in record.cells:
        if cell.link.sketch and cell.link.how in OF_ONE_SET:
            found.setdefault(cell.link.sketch + str(cell.link.said).encode(), cell)
    return list(found.values())[:MOST_COMPARED]


def _counts_are_near(new: Record, old: Record, threshold: int) -> bool:
    ways = ((_by_words(new), _by_words(old)), (_by_place(new), _by_place(old)))
    for ours, theirs in ways:  # a renamed header is no other number
        common = ours.keys() & theirs.keys()
        if common:
            return _differ_by_few(((ours[key], theirs[key]) for key in common), len(common), threshold)
    return False


def _differ_by_few(pairs: Iterable[tuple[Recorded, Recorded]], common: int, threshold: int) -> bool:
    same = near = 0
    for one, other in pairs:
        apart = abs(one.figure.value - other.figure.value)
        guarded = one.link.how in OF_ONE_SET and other.link.how in OF_ONE_SET
        same += apart == 0
        near += 0 < apart < threshold and not guarded
    return near > 0 and same + near >= MOSTLY * common


def _by_words(record: Record) -> Mapping[Key, Recorded]:
    return {(cell.row_words, cell.column_words, str(cell.spot.figure)): cell for cell in _counts(record)}


def _by_place(record: Record) -> Mapping[Key, Recorded]:
    """Under the words of the row, by the how-manieth result of the row it is."""
    order = {column: at for at, column in enumerate(sorted({cell.spot.column for cell in _counts(record)}))}
    return {(cell.row_words, str(order[cell.spot.column]), str(cell.spot.figure)): cell for cell in _counts(record)}


def _counts(record: Record) -> Iterator[Recorded]:
    return (cell for cell in record.cells if cell.figure.whole and cell.link.how is not How.LABEL)
