"""Tells whether anything about the opt-outs has changed since something was cut: for the refresh of live projects."""

from __future__ import annotations

from governance.clock import today
from governance.settings import Settings
from intake.optouts.database import Connection
from intake.optouts.reading import OptOuts, opened
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
        return _differs(connection, opt_outs, then)


def _differs(connection: Connection, opt_outs: OptOuts, then: OptOutLabel) -> bool:
    current = opt_outs.label
    known = (current.number, current.sha256, current.policy, current.answer)
    if known != (then.number, then.sha256, then.policy, then.answer) or current.day < then.day:
        return True
    return opt_outs.alias is not None and _day_came(connection, opt_outs.alias, then)


def _day_came(connection: Connection, alias: str, then: OptOutLabel) -> bool:
    """Whether an opt-out began or ended after the day of the label and until today."""
    since = f"> DATE '{then.day}'"
    until = f"<= DATE '{today()}'"
    rows = connection.execute(
        f"SELECT (SELECT count(*) FROM {alias}.choice WHERE (starts {since} AND starts {until})"
        f" OR (ends + 1 {since} AND ends + 1 {until}))"
        f" + (SELECT count(*) FROM {alias}.journal_choice WHERE entered {since} AND entered {until})"
    ).fetchall()
    return bool(rows[0][0])
