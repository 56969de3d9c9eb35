"""The words the portal shows for what the register stores, as data: standing, roles, requests, what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from governance.roles import (
    ApprovalKind,
    Mode,
    OrganisationKind,
    ProjectRole,
    ProjectStatus,
    Purpose,
    Role,
    StopScope,
)
from governance.standing.periods import Cover


@dataclass(frozen=True)
class Words:
    """A status in words with the tone of its badge (good, wait, stop, info, quiet) and what to do next."""

    text: str
    tone: str
    next_step: str = ""


#: Refusal of `governance.access.check_member_in_force` -> the badge; the sentence beside it is the refusal's own.
STANDING: Mapping[str, Words] = {
    "person-stopped": Words("Access stopped", "stop"),
    "person-suspended": Words("Access suspended", "stop"),
    "affiliation-missing": Words("No affiliation", "stop"),
    "affiliation-not-started": Words("Affiliation not begun", "info"),
    "affiliation-expired": Words("Affiliation ended", "stop"),
    "agreement-missing": Words("No agreement", "stop"),
    "agreement-not-started": Words("Agreement not begun", "info"),
    "organisation-expired": Words("Agreement ended", "stop"),
    "training-missing": Words("Training missing", "stop"),
    "training-expired": Words("Training expired", "stop"),
    "training-not-started": Words("Training not begun", "info"),
    "role-training-missing": Words("Training for the role missing", "stop"),
    "role-training-expired": Words("Training for the role expired", "stop"),
    "role-training-not-started": Words("Training for the role not begun", "info"),
    "membership-expired": Words("Membership not in force", "stop"),
    "project-stopped": Words("Project stopped", "stop"),
    "approval-missing": Words("Approval missing", "stop"),
    "approval-expired": Words("Approval ended", "stop"),
    "approval-not-started": Words("Approval not begun", "info"),
    "project-not-active": Words("Project not active", "stop"),
    "project-not-started": Words("Not started yet", "info"),
    "project-ended": Words("Project ended", "quiet"),
}
NOT_IN_FORCE = Words("Not in force", "stop")

SERVICE_ROLES: Mapping[str, str] = {
    Role.OUTPUT_CHECKER: "Output checker",
    Role.ADMINISTRATOR: "Administrator",
    Role.DATA_STEWARD: "Data steward",
    Role.AUDITOR: "Auditor",
    Role.KEYHOLDER: "Keyholder",
}
PROJECT_ROLES: Mapping[str, str] = {
    ProjectRole.RESEARCHER: "Researcher",
    ProjectRole.PRINCIPAL_INVESTIGATOR: "Principal investigator",
}
PURPOSES: Mapping[str, str] = {
    Purpose.LOCAL_PLANNING: "Local planning",
    Purpose.LOCAL_RESEARCH: "Local research",
    Purpose.NATIONAL: "National",
}
MODES: Mapping[str, str] = {Mode.AGGREGATE: "Protected aggregates", Mode.RECORD_LEVEL: "Record level"}
PROJECT_STATUSES: Mapping[str, Words] = {
    ProjectStatus.DRAFT: Words("Draft", "quiet"),
    ProjectStatus.ACTIVE: Words("Active", "good"),
    ProjectStatus.SUSPENDED: Words("Suspended", "stop"),
    ProjectStatus.CLOSED: Words("Closed", "quiet"),
}

#: Stored state of a delivery -> what a data steward reads.
DELIVERIES: Mapping[str, Words] = {
    "received": Words("Landing", "info"),
    "validated": Words("Checked", "info"),
    "held": Words("Waits for you", "wait"),
    "accepted": Words("Accepted", "good"),
    "rejected": Words("Rejected", "stop"),
    "withdrawn": Words("Withdrawn", "quiet"),
    "discarded": Words("Given up", "quiet"),
}
UNKNOWN_DELIVERY = Words("Not known", "quiet")
#: State of a keeper's duty -> its badge.
DUTIES: Mapping[str, Words] = {
    "done": Words("Done", "good"),
    "warned": Words("Look at this", "wait"),
    "failed": Words("Not done", "stop"),
}
#: Name of a duty in the register -> what a data steward reads. A test compares it with the keeper's own.
DUTY_NAMES: Mapping[str, str] = {
    "build-orders": "Build the extracts that approvals ordered",
    "close-projects": "Do the data's part of a close-out",
    "lapse-applications": "End applications that waited too long",
    "publish-offer": "Publish what may be applied for",
    "expire-requests": "End requests for re-identification in time",
    "refresh-opt-outs": "Build new opt-outs into extracts",
    "refresh-nightly": "Refresh extracts at night",
    "retire-extracts": "Destroy old extracts",
    "tidy-deliveries": "Remove files of rejected deliveries",
    "report-opt-outs": "Count what opt-outs close",
    "watch-answer": "Watch the check service's answer",
    "watch-deliveries": "Watch for deliveries that wait",
    "watch-region": "Watch the region",
    "watch-vocabulary": "Watch the vocabulary",
}
#: What is newer than an extract.
NEWER: Mapping[str, Words] = {
    "region": Words("The region is newer", "info"),
    "opt-outs": Words("Opt-outs are newer", "wait"),
    "nothing": Words("Nothing is newer", "good"),
}

ORGANISATION_KINDS: Mapping[str, str] = {
    OrganisationKind.NHS_BODY: "NHS body",
    OrganisationKind.LOCAL_AUTHORITY: "Local authority",
    OrganisationKind.UNIVERSITY: "University",
    OrganisationKind.GOVERNMENT: "Government",
    OrganisationKind.CHARITY: "Charity",
    OrganisationKind.COMPANY: "Company",
    OrganisationKind.OTHER: "Other",
}
STOP_SCOPES: Mapping[str, str] = {
    StopScope.EGRESS: "All egress",
    StopScope.PROJECT: "Project",
    StopScope.PERSON: "Person",
}
APPROVAL_KINDS: Mapping[str, str] = {
    ApprovalKind.ETHICS: "Ethics approval",
    ApprovalKind.DPIA: "Data protection impact assessment",
    ApprovalKind.LEGAL_BASIS: "Legal basis",
    ApprovalKind.SPONSOR: "Sponsor",
    ApprovalKind.CONTROLLER_AGREEMENT: "Agreement of a data controller",
}
#: How dated rows cover this day -> the badge.
COVERS: Mapping[str, Words] = {
    Cover.IN_FORCE: Words("In force", "good"),
    Cover.MISSING: Words("None on record", "stop"),
    Cover.NOT_STARTED: Words("Not begun", "info"),
    Cover.EXPIRED: Words("Ended", "stop"),
}

_WAIT = "Nothing to do: you will see the outcome here."
#: Stored state of an egress request -> what its author reads. An author learns nothing of a review before both are in.
REQUESTS: Mapping[str, Words] = {
    "draft": Words("Draft", "quiet", "Add your files and submit, or withdraw it."),
    "submitted": Words("Submitted", "info", _WAIT),
    "screening": Words("Being screened", "info", _WAIT),
    "blocked": Words("Stopped by a check", "stop", "Open it to read the findings."),
    "in_review": Words("In review", "info", _WAIT),
    "part_reviewed": Words("In review", "info", _WAIT),
    "third_opinion": Words("In review", "info", _WAIT),
    "reviewed": Words("In review", "info", _WAIT),
    "await_controller": Words("With the data controller", "info", _WAIT),
    "returned": Words("Returned to you", "wait", "Read the comments, mend the files and submit again."),
    "rejected": Words("Rejected", "stop", "Read the reasons; a new request is needed."),
    "approved": Words("Approved", "good", "Nothing to do: release follows."),
    "releasing": Words("Being released", "info", "Nothing to do: your files are on their way."),
    "release_failed": Words("Release failed", "wait", "Nothing to do: the service tries again."),
    "released": Words("Released", "good", "Download your files."),
    "recalled": Words("Recalled", "stop", "Delete every copy and write to the service desk."),
    "withdrawn": Words("Withdrawn", "quiet", ""),
}
UNKNOWN_REQUEST = Words("In progress", "info", "Open it to see where it is.")


class Outcome(StrEnum):
    """What became of the running workspaces after a change of access."""

    NONE_RAN = ""
    STOPPED = "stopped"
    UNSURE = "unsure"


#: What is said on the page after a form. Only these can be shown: the address carries the code, never a text.
DONE: Mapping[str, str] = {
    "person-signed-out": "Their sessions have ended in every browser. They may sign in again.",
    "workspace-stopped": "Your workspace is stopping. Your files are kept.",
    "saved": "Saved.",
    "application-moved": "Done. The page shows where the application is now.",
    "organisation-added": "The organisation was added.",
    "person-added": "The person was added. Record their training, then make them a member of a project.",
    "training-recorded": "The training was recorded.",
    "affiliation-recorded": "The affiliation is on record.",
    "affiliation-ended": "The affiliation has ended.",
    "agreement-recorded": "The agreement is on record.",
    "approval-recorded": "The approval is on record.",
    "reminders-read": "The reminders are marked as read.",
    "stopped": "It is stopped.",
    "resumed": "It is resumed.",
    "person-suspended": "All access of this person is suspended.",
    "person-restored": "The suspension was lifted.",
    "project-created": "The project was created as a draft. Record its approvals, make it active, add members; a data "
    "steward grants tables.",
    "project-changed": "The project was changed.",
    "member-added": "The membership is on record.",
    "member-removed": "The membership has ended.",
    "grant-given": "The grant is on record and counts from the next query on.",
    "grant-revoked": "The grant was revoked: the next query is refused.",
    "delivery-accepted": "The delivery is accepted. Its rows are in the next version of the region.",
    "delivery-rejected": "The delivery is rejected: none of its rows is used, and its files are removed.",
    "alarm-looked-at": "It says now that you are looking into it.",
    "alarm-closed": "The alarm is closed.",
    "request-refused": "You refused the request. It has ended, and what was sealed in it is gone.",
    "request-withdrawn": "The request is withdrawn, and what was sealed in it is gone.",
}
OUTCOMES: Mapping[str, Words] = {
    Outcome.NONE_RAN: Words("", "good"),
    Outcome.STOPPED: Words("What was still running was stopped.", "good"),
    Outcome.UNSURE: Words(
        "The hub does not answer, so a notebook may still be open. It can ask no query and submit nothing.", "wait"
    ),
}


def say_done(code: str, outcome: str) -> Words | None:
    """The notice for a code in the page's address; None for a code that is not one of ours."""
    if code not in DONE or outcome not in OUTCOMES:
        return None
    more = OUTCOMES[outcome]
    return Words(f"{DONE[code]} {more.text}".strip(), more.tone)
