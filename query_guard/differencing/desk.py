"""Where one question's numbers are settled against everything asked before: settle, conclude, write.

Promise: a number leaves only with the value that the rule gives its set, and only in the same transaction in which that
is put on record. Whatever goes wrong raises; the caller then gives no answer.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from sqlalchemy.orm import Session

from governance.refusal import Refusal
from governance.store import Store
from query_guard.differencing.anchors import Anchors, Places, join_anchors, no_anchors
from query_guard.differencing.asked import AskedColumn, Values
from query_guard.differencing.records import Author, SeriesHistory, count_walks, write_anchors
from query_guard.differencing.settling import Settled, settle_column

#: Questions of one person and day that may come near to one chain without asking for the very set: between these two, a
#: secret number for each person, day and chain. Each question may move the published value away from the truth by less
#: than the threshold; more than a few are somebody walking. Secret, because a known limit would count: the question at
#: which it strikes would tell how many of those before were near, hence whether a person added last is in the set.
FEWEST_STEPS, MOST_STEPS = 20, 40


class Desk:
    """For one question, used by one thread. `settle` each column, `conclude` each, `write` once."""

    def __init__(
        self,
        store: Store,
        read: Callable[[str, str], SeriesHistory],
        cut: str,
        threshold: int,
        author: Author,
        secret: bytes,
    ) -> None:
        self._store = store
        self._read = read
        self._cut = cut
        self._threshold = threshold
        self._author = author
        self._secret = secret
        self._histories: dict[str, SeriesHistory] = {}
        self._asked: dict[str, list[Anchors]] = {}  # by series, in the order of settling
        self._open: dict[AskedColumn, tuple[int, Settled]] = {}  # place in that list

    def settle(self, column: AskedColumn) -> Values:
        """What may be published of each cell, shape (cells,); NaN = hidden. It is the cell's own value only if no
        earlier asked set is near, of this answer or any other; a hidden earlier set hides.

        Raises Refusal `too-many-near-questions`, ValueError for a column settled before or too entangled to settle, and
        whatever the store raises.
        """
        if column in self._open:
            raise ValueError("a column is settled once")
        if column.series not in self._histories:
            self._histories[column.series] = self._read(self._cut, column.series)
        asked = self._asked.setdefault(column.series, [no_anchors(pairs=column.pairs)])
        history = self._histories[column.series].segments
        settled = settle_column(history, join_anchors(asked), column, self._threshold)
        self._check_steps(settled.met)
        asked.append(settled.anchors)
        self._open[column] = (len(asked) - 1, settled)
        return settled.values.copy()

    def conclude(self, column: AskedColumn, published: Values) -> None:
        """Say what really leaves of a settled column: the settled values, or NaN where more was hidden since. That
        becomes the anchors' value.

        Raises ValueError for a column that is not open, and for any other value: what was settled must not be changed.
        """
        if column not in self._open:
            raise ValueError("only a settled column can be concluded, once")
        place, settled = self._open[column]
        if published.shape != settled.values.shape or not _is_settled_or_hidden(published, settled.values):
            raise ValueError("what is published is what was settled, or nothing")
        del self._open[column]
        asked = self._asked[column.series]
        asked[place] = replace(asked[place], values=published[settled.kept])

    def write(self, session: Session, receipt: str) -> int:
        """Put the answer's sets on record, in the transaction of its audit event; `receipt` is the id of the query
        receipt added to the session before. Returns how many anchors were written.

        Raises StaleHistory if other answers were written to one of its series since (settle again at a fresh desk),
        ValueError if a column was not concluded, and whatever the store raises.
        """
        if self._open:
            raise ValueError("every settled column must be concluded")
        new = {series: (self._histories[series].newest, join_anchors(asked)) for series, asked in self._asked.items()}
        return write_anchors(session, self._cut, self._author, receipt, new)

    def _check_steps(self, met: Places) -> None:
        """Once the steps are used up, everything near is refused, the sets that were asked before too: whether a set is
        the same as an earlier one or only near it must not show."""
        if not len(met):
            return
        with self._store.reading() as session:
            walked = count_walks(session, self._author, met)
        if any(steps >= self._most_steps(chain) for chain, steps in walked.items()):
            raise Refusal(
                "too-many-near-questions",
                "You have asked too many questions today about groups that differ by only a few people.",
                "Ask for the whole series at once and add it up afterwards: the running total of protected cells, "
                "sum(n) OVER (ORDER BY ...), is safe. Or go on tomorrow.",
            )

    def _most_steps(self, chain: int) -> int:
        about = f"{self._cut} {chain} {self._author.subject} {self._author.day}".encode()
        drawn = int.from_bytes(hmac.digest(self._secret, about, "sha256")[:8], "big")
        return FEWEST_STEPS + drawn % (MOST_STEPS - FEWEST_STEPS + 1)


def _is_settled_or_hidden(published: Values, settled: Values) -> bool:
    return bool((np.isnan(published) | (published == settled)).all())
