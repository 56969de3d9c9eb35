"""Monitoring of the audit chain: rules as data, alarms, and the queue in which an auditor reviews them (SATRE 2.5.03).

Promise: every event is looked at once by every rule, whenever the round comes to it; each alarm is raised once in its
window, with its own event, and stays open until somebody entitled has closed it with a note.
"""

from governance.monitoring.alarms import AlarmState, AlarmView, close_alarm, list_alarms, look_at_alarm, raise_alarm
from governance.monitoring.evaluating import evaluate
from governance.monitoring.rules import CHAIN_BROKEN, RULES, Rule

__all__ = [
    "CHAIN_BROKEN",
    "RULES",
    "AlarmState",
    "AlarmView",
    "Rule",
    "close_alarm",
    "evaluate",
    "list_alarms",
    "look_at_alarm",
    "raise_alarm",
]
