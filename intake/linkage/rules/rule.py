"""What a linking rule is, and how its candidates become links.

Promise: an identity is linked to one person or to nobody. Candidates that name two people are no match, and no later
rule may choose between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Rule:
    """One step of linking.

    Attributes:
        rank: the match rank its links get; a smaller one is stronger evidence.
        name: short and stable, for reports.
        title: what must agree, for readers.
        why: why that is enough.
        find: fills `candidate` (who, person_id, confidence) from `asked` (identities still open) and `face` (people).
    """

    rank: int
    name: str
    title: str
    why: str
    find: Callable[[Connection], None]


def finder(select: str) -> Callable[[Connection], None]:
    """A `find` that is one SELECT of who, person_id, confidence."""

    def find(connection: Connection) -> None:
        connection.execute(f"INSERT INTO candidate {select}")

    return find


def create_hits(connection: Connection) -> None:
    """Empty working tables: links found, and identities that several people answer to."""
    connection.execute("CREATE TEMP TABLE candidate (who BIGINT, person_id BIGINT, confidence DOUBLE)")
    connection.execute("CREATE TEMP TABLE hit (who BIGINT, person_id BIGINT, match_rank UTINYINT, confidence DOUBLE)")
    connection.execute("CREATE TEMP TABLE ambiguous (who BIGINT)")
    connection.execute("CREATE TEMP TABLE cut (who BIGINT, person_id BIGINT)")


def apply_rule(connection: Connection, rule: Rule) -> int:
    """Link what the rule finds, and take it out of `asked`. Returns how many identities it linked."""
    connection.execute("DELETE FROM candidate")
    rule.find(connection)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE found AS "
        "SELECT who, min(person_id) AS person_id, max(person_id) AS other, max(confidence) AS confidence "
        "FROM candidate c ANTI JOIN cut USING (who, person_id) GROUP BY who"
    )
    connection.execute("INSERT INTO ambiguous SELECT who FROM found WHERE person_id <> other")
    connection.execute("DELETE FROM found WHERE person_id <> other")
    connection.execute("INSERT INTO hit SELECT who, person_id, ?, confidence FROM found", [rule.rank])
    _replace_asked(connection)
    return int(connection.execute("SELECT count(*) FROM found").fetchall()[0][0])


def open_asked(connection: Connection) -> None:
    """`asked`: every identity that nothing has been decided or refused of. A view, because most are linked by the first
    rule; what that leaves becomes a table."""
    connection.execute(
        "CREATE TEMP VIEW asked AS SELECT i.rowid AS who, i.* FROM identity i "
        "ANTI JOIN refused r ON r.feed = i.feed AND r.person_ref = i.person_ref ANTI JOIN decided d ON d.who = i.rowid"
    )


def _replace_asked(connection: Connection) -> None:
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE rest AS "
        "SELECT a.* FROM asked a ANTI JOIN found USING (who) ANTI JOIN ambiguous USING (who)"
    )
    views = connection.execute("SELECT count(*) FROM duckdb_views() WHERE view_name = 'asked'").fetchall()
    connection.execute("DROP VIEW asked" if views[0][0] else "DROP TABLE asked")
    connection.execute("ALTER TABLE rest RENAME TO asked")
