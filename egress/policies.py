"""When an action is possible and which file it may touch: one `check_can_x` per action, raising the Refusal.

Each check first asks egress.permissions who acts, then the state, then what the action itself needs. Enforced inside
the action's transaction; pages hide buttons with the same functions (egress.buttons).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from egress.ballots import Ballot, Decision, has_fail, live_files, live_outputs
from egress.budget import check_in_budget
from egress.directions import OUT, Direction, direction_of, is_incoming, policy_of
from egress.groups import check_words
from egress.intention import check_intention
from egress.limits import AirlockLimits, Amounts, limits_of, profile_of
from egress.permissions import check_may, members_ever, no_such_request
from egress.planted import check_stays
from egress.states import EDITABLE, TERMINAL, VOTING, Action, State, Who, check_state, wrong_state
from governance.access import can, check_can_submit, check_member_in_force
from governance.calibration import planted
from governance.refusal import Refusal
from governance.roles import Role
from governance.settings import Settings
from governance.store.airlock import EgressFile, EgressRequest
from governance.store.people import PersonRole
from governance.store.projects import Project

REVIEWING = frozenset({*VOTING, State.AWAIT_CONTROLLER})


def project_of(session: Session, request: EgressRequest) -> Project:
    """The request's project."""
    return session.get_one(Project, request.project_slug)


def ballot_of(session: Session, request: EgressRequest) -> Ballot:
    """The live votes under the policy in force now."""
    project = project_of(session, request)
    barred = members_ever(session, project.slug)
    version = policy_of(profile_of(project).version, direction_of(request))
    return Ballot.of(request, version, barred, limits_of(project, direction_of(request)).approvals)


def limits_for(session: Session, request: EgressRequest) -> AirlockLimits:
    """The limits of the request's project and direction."""
    return limits_of(project_of(session, request), direction_of(request))


def check_can_create(session: Session, actor: str, project_slug: str, direction: Direction = OUT) -> None:
    """A live member with room for one more open request. Raises Refusal `too-many-open` and those of access."""
    check_can_submit(session, actor, project_slug)
    project = session.get_one(Project, project_slug)
    mine = (EgressRequest.author == actor, EgressRequest.project_slug == project_slug)
    is_open = EgressRequest.state.not_in([state.value for state in TERMINAL])
    query = select(func.count()).select_from(EgressRequest).where(*mine, is_open, ~planted())
    count = session.scalar(query) or 0
    if count >= limits_of(project, direction).open_requests:
        raise Refusal("too-many-open", f"You have {count} open requests.", "Withdraw one you no longer need.")


def check_can_edit(session: Session, actor: str, request: EgressRequest, action: Action = Action.DESCRIBE) -> None:
    """The author, while the request is a draft or was returned."""
    check_may(session, actor, request, action)
    if State(request.state) not in EDITABLE:
        raise wrong_state(State(request.state), action)


def check_can_add_files(
    session: Session, actor: str, request: EgressRequest, names: Iterable[str], settings: Settings
) -> None:
    """That the request stays within its number of files, no two of them called the same. A file of a name that is
    there already replaces it. Raises Refusal `too-many-files`, `same-name-twice`."""
    check_can_edit(session, actor, request, Action.ADD_FILE)
    new = [name.casefold() for name in names]
    if len(set(new)) < len(new):
        raise Refusal("same-name-twice", "Two of the files have the same name.", "Rename one of them.")
    staying = [file for file in live_files(request) if file.name.casefold() not in new]
    if len(staying) + len(new) > settings.egress_files:
        most = f"A request holds at most {settings.egress_files} files."
        raise Refusal("too-many-files", most, "Split it into several requests.")


def check_can_send(session: Session, actor: str, request: EgressRequest) -> None:
    """The author, of an editable request that says what it is and has something to release.

    Raises Refusal `no-output-file`, `context-missing`, `controls-missing`, `intended-output-missing`,
    `purpose-missing`, `request-too-large`.
    """
    check_may(session, actor, request, Action.SUBMIT)
    check_state(State(request.state), Action.SUBMIT)
    outputs = live_outputs(request)
    if not outputs:
        lacking = "bring in" if is_incoming(request) else "release"
        raise Refusal("no-output-file", f"The request has no file to {lacking}.", "Add at least one such file.")
    check_words(request, outputs, controls=not is_incoming(request))
    if not is_incoming(request):
        check_intention(session, request)
    elif not request.purpose:
        raise Refusal("purpose-missing", "Say what the files are for.", "Choose code, reference data or documents.")
    limits = limits_for(session, request)
    asked = Amounts(len(outputs), sum(file.size for file in outputs))
    if not limits.daily.covers(asked):
        raise Refusal(
            "request-too-large", "The files are together larger than a day's budget.", "Split the request over days."
        )


def check_can_vote(
    session: Session, actor: str, request: EgressRequest, decisions: Mapping[int, str]
) -> dict[int, Decision]:
    """A checker, while reviews are open, on files that would leave; returns the decisions as words of our own.

    Where complete reviews differ, only somebody who has not reviewed it yet. Raises Refusal `already-reviewed`,
    `no-decision`, `unknown-decision`, `not-an-output-file`.
    """
    check_may(session, actor, request, Action.VOTE)
    check_state(State(request.state), Action.VOTE)
    if State(request.state) is State.THIRD_OPINION and actor in ballot_of(session, request).complete:
        raise Refusal(
            "already-reviewed", "Your review is in; a further opinion is somebody else's.", "Leave it to them."
        )
    if not decisions:
        raise Refusal("no-decision", "No file has a decision.", "Choose one for at least one file.")
    if not decisions.keys() <= {file.id for file in live_outputs(request)}:
        raise Refusal("not-an-output-file", "There is no such file to vote on in this request.", "Reload the page.")
    try:
        return {file: Decision(decision) for file, decision in decisions.items()}
    except ValueError:
        words = ", ".join(Decision)
        raise Refusal("unknown-decision", "There is no such decision.", f"Use one of: {words}.") from None


def check_can_conclude(session: Session, actor: str, request: EgressRequest) -> None:
    """A checker, once enough reviews are in."""
    check_may(session, actor, request, Action.CONCLUDE)
    check_state(State(request.state), Action.CONCLUDE)


def check_can_decide(session: Session, actor: str, request: EgressRequest) -> None:
    """A controller's delegate, once a request was referred to them; also where the project is out of force, to return
    or reject it: what they let pass is not released then."""
    check_may(session, actor, request, Action.DECIDE)
    check_state(State(request.state), Action.DECIDE)


def check_can_comment(session: Session, actor: str, request: EgressRequest) -> Who:
    """The author while editing, checkers and the controller's delegate while reviewing; returns the part."""
    part = check_may(session, actor, request, Action.COMMENT)
    allowed = EDITABLE if part is Who.AUTHOR else REVIEWING
    if State(request.state) not in allowed:
        raise wrong_state(State(request.state), Action.COMMENT)
    return part


def check_can_preview(session: Session, actor: str, request: EgressRequest, file_id: int) -> EgressFile:
    """A checker or controller's delegate, once the request was submitted; returns the file.

    Raises Refusal `no-such-file`, `wrong-state`.
    """
    check_may(session, actor, request, Action.PREVIEW)
    if request.turn == 0 or State(request.state) is State.WITHDRAWN:
        raise wrong_state(State(request.state), Action.PREVIEW)
    for file in live_files(request):
        if file.id == file_id:
            return file
    raise Refusal("no-such-file", "There is no such file in this request.", "Open the request again.")


def check_can_release(session: Session, actor: str, request: EgressRequest) -> Ballot:
    """That everything a release needs holds now; returns the ballot it rests on. `actor` asks the release service.

    The author must be in force in a project in force. Raises Refusal `approvals-missing`, `blocked`, `budget-spent`.
    """
    check_may(session, actor, request, Action.RELEASE)
    check_stays(session, request, Action.RELEASE)
    check_state(State(request.state), Action.RELEASE)
    check_member_in_force(session, request.author, request.project_slug)
    ballot = ballot_of(session, request)
    if not ballot.is_approved:
        raise Refusal("approvals-missing", "Approvals are missing or no longer hold.", "Return it to the author.")
    project = project_of(session, request)
    if needs_controller(request, project) and not has_controller(request):
        raise Refusal("blocked", "A controller must decide on it first, and has not.", "Return it to the author.")
    # The project's row is locked: two releases count the budget one after the other (SQLite has one writer anyway).
    project = session.get_one(Project, request.project_slug, with_for_update=True)
    check_in_budget(session, request, limits_of(project, direction_of(request)))
    return ballot


def needs_controller(request: EgressRequest, project: Project) -> bool:
    """Whether a controller's delegate must decide: on an exception from a FAIL, and where policy says so."""
    return has_fail(request) or limits_of(project, direction_of(request)).controller


def has_controller(request: EgressRequest) -> bool:
    """Whether a controller's delegate let it pass in this very turn; a FAIL only with the author's written reason."""
    decided = bool(request.controller) and request.controlled_turn == request.turn
    return decided and (bool(request.exception_reason) or not has_fail(request))


def check_can_reopen(session: Session, actor: str, request: EgressRequest) -> None:
    """A checker, of an approved request that has not left: not letting go is always the safe way. So it is where a
    further opinion is due and nobody is left to give it. Raises Refusal `opinion-due`."""
    check_may(session, actor, request, Action.REOPEN)
    check_state(State(request.state), Action.REOPEN)
    if State(request.state) is State.THIRD_OPINION and possible_checkers(session, request):
        raise Refusal("opinion-due", "Another output checker can still give an opinion.", "Wait for it.")


def possible_checkers(session: Session, request: EgressRequest) -> tuple[str, ...]:
    """Output checkers in force whose review of the present turn is not complete yet, and may still be given."""
    done = ballot_of(session, request).complete
    held = select(PersonRole.subject).where(PersonRole.role == Role.OUTPUT_CHECKER.value).order_by(PersonRole.subject)
    return tuple(
        subject
        for subject in session.scalars(held)
        if subject not in done and can(check_may, session, subject, request, Action.VOTE)
    )


def check_can_recall(session: Session, actor: str, request: EgressRequest) -> None:
    """A checker or administrator, of a released request."""
    check_may(session, actor, request, Action.RECALL)
    check_state(State(request.state), Action.RECALL)


def check_can_withdraw(session: Session, actor: str, request: EgressRequest) -> None:
    """The author, of an editable request."""
    check_may(session, actor, request, Action.WITHDRAW)
    check_state(State(request.state), Action.WITHDRAW)


def check_can_view(session: Session, actor: str, request: EgressRequest) -> Who:
    """Anybody with a part in the request; others than the author only once it was submitted. Returns the part."""
    part = check_may(session, actor, request, Action.VIEW)
    if part is not Who.AUTHOR and request.turn == 0:
        raise no_such_request()
    return part


def check_can_take(session: Session, actor: str, request: EgressRequest) -> None:
    """The author in force, of a request that was released and not recalled. Raises Refusal `read-inside`."""
    if is_incoming(request):
        raise Refusal("read-inside", "What was brought in is read in the workspace.", "Open the folder `imports`.")
    check_may(session, actor, request, Action.DOWNLOAD)
    if State(request.state) is not State.RELEASED:
        raise wrong_state(State(request.state), Action.DOWNLOAD)
