"""Where people, projects and members stand: every reason that stands in the way, as data. Pure over what was read; the
gates of governance.access raise the first reason, pages show all of them.
"""

from governance.standing.members import reasons_of_membership
from governance.standing.people import reasons_of_person, reasons_of_role
from governance.standing.projects import missing_approvals, reasons_of_project
from governance.standing.reason import Reason
from governance.standing.rules import Rules, read_rules

__all__ = [
    "Reason",
    "Rules",
    "missing_approvals",
    "read_rules",
    "reasons_of_membership",
    "reasons_of_person",
    "reasons_of_project",
    "reasons_of_role",
]
