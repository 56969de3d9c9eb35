"""Register actions on data grants, and the grants in force. Promise: a project may name only what is granted here."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_project
from governance.registry.validation import check_identifier
from governance.roles import ALL_TABLES, Role
from governance.store import Store
from governance.store.projects import DataGrant, Project


def grant_table(store: Store, *, actor: str, slug: str, table: str, columns: Iterable[str] = ()) -> None:
    """Let a project name a table (`*`: every table of its extract) or only some columns of it. Grants add up. Needs
    the data steward: an administrator alone grants no data.

    Raises Refusal `bad-identifier`, `no-such-project`, `already-exists`, `role-missing`.
    """
    table = _check_table(table)
    names = ",".join(sorted({check_identifier(column, "column") for column in columns}))
    if table == ALL_TABLES and names:
        raise Refusal("bad-identifier", "A grant of every table cannot name columns.", "Grant the table by name.")
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        project = find_project(session, slug)
        if any(grant.columns == names for grant in _live(project, table)):
            raise Refusal("already-exists", "The project has this grant already.")
        project.grants.append(DataGrant(table_name=table, columns=names, granted_at=now()))
        append_event(session, event="grant.given", actor=actor, project=slug, detail={"table": table, "columns": names})


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
    project = session.get(Project, slug)
    granted: dict[str, frozenset[str] | None] = {}
    for grant in project.grants if project is not None else ():
        if grant.revoked_at is not None:
            continue
        columns = frozenset(grant.columns.split(",")) if grant.columns else None
        for table in known if grant.table_name == ALL_TABLES else {grant.table_name} & set(known):
            already = granted.get(table, frozenset())
            granted[table] = None if columns is None or already is None else already | columns
    return granted


def _check_table(table: str) -> str:
    return table if table == ALL_TABLES else check_identifier(table, "table")


def _live(project: Project, table: str) -> list[DataGrant]:
    return [grant for grant in project.grants if grant.table_name == table and grant.revoked_at is None]
