"""Register actions on data grants, and the grants in force. Promise: a project may name only what is granted here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_project
from governance.registry.validation import check_codes, check_identifier, check_period
from governance.roles import ALL_TABLES, Role
from governance.store import Store
from governance.store.projects import DataGrant, Project


@dataclass(frozen=True)
class GrantRule:
    """One live grant as the cut reads it. `columns` None: every column; `starts`, `ends` (inclusive) None: no bound;
    `codes` empty: every code. `table` may be ALL_TABLES."""

    table: str
    columns: frozenset[str] | None = None
    starts: date | None = None
    ends: date | None = None
    codes: frozenset[int] = frozenset()


def grant_table(
    store: Store,
    *,
    actor: str,
    slug: str,
    table: str,
    columns: Iterable[str] = (),
    starts: date | None = None,
    ends: date | None = None,
    codes: Iterable[int] = (),
) -> None:
    """Let a project name a table (`*`: every table of its extract), or only some columns, days or codes of it. Grants
    add up. Needs the data steward: an administrator alone grants no data.

    Columns hold from the next query on; days and codes are what the next extract is cut to.

    Raises Refusal `bad-identifier`, `bad-date`, `ends-before-start`, `bad-code`, `no-such-project`, `already-exists`,
    `role-missing`.
    """
    table = _check_table(table)
    names = ",".join(sorted({check_identifier(column, "column") for column in columns}))
    listed = ",".join(map(str, check_codes(codes)))
    check_period(starts or date.min, ends or date.max)
    if table == ALL_TABLES and (names or listed):
        raise Refusal("bad-identifier", "A grant of every table cannot name columns or codes.", "Name the table.")
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        project = find_project(session, slug)
        new = DataGrant(table_name=table, columns=names, starts_on=starts, ends_on=ends, codes=listed, granted_at=now())
        if any(_same(grant, new) for grant in _live(project, table)):
            raise Refusal("already-exists", "The project has this grant already.")
        project.grants.append(new)
        append_event(
            session,
            event="grant.given",
            actor=actor,
            project=slug,
            detail={
                "table": table,
                "columns": names,
                "starts": str(starts or ""),
                "ends": str(ends or ""),
                "codes": listed,
            },
        )


def revoke_grant(store: Store, *, actor: str, slug: str, table: str) -> None:
    """Withdraw every grant of a table (or the one of `*`) from the very next query on.

    Raises Refusal `bad-identifier`, `no-such-project`, `no-such-grant`, `role-missing`.
    """
    table = _check_table(table)
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        held = _live(find_project(session, slug), table)
        if not held:
            raise Refusal("no-such-grant", "The project has no such grant.", "`sde grant list` names them.")
        for grant in held:
            grant.revoked_at = now()
        append_event(session, event="grant.revoked", actor=actor, project=slug, detail={"table": table})


def live_grants(session: Session, slug: str, tables: Iterable[str]) -> dict[str, frozenset[str] | None]:
    """What the project may name now, among `tables` (those of its extract's catalogue).

    Returns table -> granted columns, None meaning every column. An unknown project has no grants.
    """
    known = tuple(tables)
    granted: dict[str, frozenset[str] | None] = {}
    for rule in grant_rules(session, slug):
        for table in known if rule.table == ALL_TABLES else {rule.table} & set(known):
            already = granted.get(table, frozenset())
            granted[table] = None if rule.columns is None or already is None else already | rule.columns
    return granted


def grant_rules(session: Session, slug: str) -> tuple[GrantRule, ...]:
    """The live grants in the order in which they were given. An unknown project has none."""
    project = session.get(Project, slug)
    return tuple(
        GrantRule(
            grant.table_name,
            frozenset(grant.columns.split(",")) if grant.columns else None,
            grant.starts_on,
            grant.ends_on,
            frozenset(map(int, grant.codes.split(","))) if grant.codes else frozenset(),
        )
        for grant in (project.grants if project is not None else ())
        if grant.revoked_at is None
    )


def _check_table(table: str) -> str:
    return table if table == ALL_TABLES else check_identifier(table, "table")


def _same(held: DataGrant, new: DataGrant) -> bool:
    return (held.columns, held.starts_on, held.ends_on, held.codes) == (
        new.columns,
        new.starts_on,
        new.ends_on,
        new.codes,
    )


def _live(project: Project, table: str) -> list[DataGrant]:
    return [grant for grant in project.grants if grant.table_name == table and grant.revoked_at is None]
