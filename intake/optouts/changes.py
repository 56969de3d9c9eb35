"""Tells whether anything about the opt-outs has changed since something was cut: for the refresh of live projects."""

from __future__ import annotations

from datetime import date

from governance.settings import Settings
from intake.optouts.database import Connection
from intake.optouts.reading import OptOuts, opened
from intake.optouts.state import in_force_sql, journal_dissent_sql
from intake.optouts.version import OptOutLabel, read_label
from intake.sources import open_workbench


def has_changed_since(settings: Settings, label: str) -> bool:
    """Whether a cut under the opt-outs that `label` names (an extract's `opt_out_version`) could be another one today:
    something was loaded, the policy changed, a dated opt-out began or ended, or the answer of the check service became
    too old. A label that cannot be read is a change. Raises Refusal as `intake.optouts.reading.opened`.
    """
    then = read_label(label)
    if then is None:
        return True
    with open_workbench() as connection, opened(connection, settings) as opt_outs:
        return _as_known(opt_outs.label) != _as_known(then) or differs_since(connection, opt_outs, then.day)


def differs_since(connection: Connection, opt_outs: OptOuts, day: date) -> bool:
    """Whether somebody's opt-outs as they are known now are on that day not those of the day they are opened for."""
    if opt_outs.alias is None or day == opt_outs.label.day:
        return False
    for rule in (in_force_sql, journal_dissent_sql):
        then, today = (f"({rule(opt_outs.alias, of)})" for of in (day, opt_outs.label.day))
        for one, other in ((then, today), (today, then)):
            if connection.execute(f"SELECT 1 FROM (FROM {one} EXCEPT FROM {other}) LIMIT 1").fetchall():
                return True
    return False


def _as_known(label: OptOutLabel) -> tuple[object, ...]:
    return label.number, label.sha256, label.policy, label.answer
