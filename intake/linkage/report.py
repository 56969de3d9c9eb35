"""What a run of linking found, in counts. Promise: no identifier and no person is in a report."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class RankCount:
    """How many identities of one feed one rank linked."""

    feed: str
    rank: int
    identities: int


@dataclass(frozen=True)
class ReasonCount:
    """How many identities of one feed were refused for one reason. (Some are linked by a later rule all the same.)"""

    feed: str
    reason: str
    identities: int


@dataclass(frozen=True)
class LinkReport:
    """One run. `people` are in the spine now, `newcomers` of them known by no practice; `new` numbers were met
    for the first time."""

    people: int
    newcomers: int
    new: int
    merged: int
    ranks: tuple[RankCount, ...]
    refused: tuple[ReasonCount, ...]

    @property
    def identities(self) -> int:
        """All of them."""
        return sum(each.identities for each in self.ranks)


def read_report(connection: duckdb.DuckDBPyConnection, *, new: int = 0) -> LinkReport:
    """Count in a spine's tables (in the connection's search path)."""
    (people, newcomers), (merged,) = (
        connection.execute(f"SELECT {sql}").fetchall()[0]
        for sql in (
            "count(*), count(*) FILTER (WHERE known_from <> 'gp') FROM person",
            "count(*) FROM merged",
        )
    )
    ranks = "SELECT feed, match_rank, count(*) FROM link GROUP BY ALL ORDER BY ALL"
    refused = "SELECT feed, reason, count(DISTINCT person_ref) FROM refused GROUP BY ALL ORDER BY ALL"
    return LinkReport(
        people,
        newcomers,
        new,
        merged,
        tuple(RankCount(*row) for row in connection.execute(ranks).fetchall()),
        tuple(ReasonCount(*row) for row in connection.execute(refused).fetchall()),
    )
