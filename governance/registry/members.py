"""Register actions on memberships: add or renew, remove. Removal closes the member's channels with it."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from governance.access import find_membership
from governance.audit import append_event
from governance.channels import end_channels
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_person, find_project
from governance.registry.validation import check_period, check_word
from governance.roles import FEASIBILITY_PROJECT, ProjectRole, Role
from governance.store import Store
from governance.store.channels import Channel
from governance.store.projects import Membership, Project


def add_member(
    store: Store, *, actor: str, slug: str, subject: str, role: str, until: date, starts: date | None = None
) -> None:
    """Make a person a member from `starts` (default today) to `until`, both inclusive. A membership they hold already
    is replaced (a renewal, or a shortening).

    Raises Refusal `unknown-role`, `bad-date`, `ends-before-start`, `no-such-project`, `no-such-person`,
    `no-members-here`, `checker-cannot-be-member`, `already-exists` (exactly the same membership), `own-approval`.
    """
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR, about=subject)
        starts = starts if starts is not None else today()
        put_member(session, find_project(session, slug), subject, role, starts, until, actor=actor)


def put_member(
    session: Session, project: Project, subject: str, role: str, starts: date, until: date, *, actor: str
) -> None:
    """The same in the caller's transaction, for a caller who may. Raises the refusals of `add_member`."""
    word = check_word(ProjectRole, role, "role")
    check_period(starts, until)
    if project.slug == FEASIBILITY_PROJECT:
        raise Refusal("no-members-here", "Nobody works in the project of feasibility counts.", "Ask it by its page.")
    if Role.OUTPUT_CHECKER in {held.role for held in find_person(session, subject).roles}:
        raise Refusal(
            "checker-cannot-be-member",
            "An output checker cannot be a member of a project.",
            "Withdraw the role first, or choose somebody else.",
        )
    held = find_membership(project, subject)
    if held is not None:
        if (held.role, held.starts_on, held.until) == (word.value, starts, until):
            raise Refusal("already-exists", "This person is a member already, with the same dates.")
        held.removed_at = now()
    project.memberships.append(Membership(subject=subject, role=word.value, starts_on=starts, until=until))
    append_event(
        session,
        event="member.added" if held is None else "member.renewed",
        actor=actor,
        project=project.slug,
        detail={"subject": subject, "role": word.value, "from": starts.isoformat(), "until": until.isoformat()},
    )
    if not starts <= today() <= until:
        end_channels(session, Channel.subject == subject, Channel.project_slug == project.slug, actor=actor)


def remove_member(store: Store, *, actor: str, slug: str, subject: str) -> None:
    """End a membership now. The row stays: who was once a member may not review the project's outputs.

    Raises Refusal `no-such-project`, `not-a-member`.
    """
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        held = find_membership(find_project(session, slug), subject)
        if held is None:
            raise Refusal("not-a-member", "This person is not a member of the project.")
        held.removed_at = now()
        append_event(session, event="member.removed", actor=actor, project=slug, detail={"subject": subject})
        end_channels(session, Channel.subject == subject, Channel.project_slug == slug, actor=actor)
