"""The words and badges of the airlock's pages, as data: states, severities, decisions, what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from egress.ballots import Decision, FileKind
from egress.directions import OUT, Direction
from egress.groups import Words as Said
from egress.states import TERMINAL, State, Who
from egress.visibility import Audience


@dataclass(frozen=True)
class Words:
    """A status in words, the tone of its badge (good, wait, stop, info, quiet), what author and reviewer do next."""

    text: str
    tone: str
    for_author: str = ""
    for_reviewer: str = ""


_WAIT = "Nothing to do: the outcome will show here."
STATES: Mapping[State, Words] = {
    State.DRAFT: Words("Draft", "quiet", "Add your files, describe them and submit."),
    State.SUBMITTED: Words("Submitted", "info", _WAIT, "The checks come first."),
    State.SCREENING: Words("Being screened", "info", _WAIT, "The checks come first."),
    State.BLOCKED: Words("Stopped by a check", "stop", "Read the findings.", "It goes back to its author."),
    State.IN_REVIEW: Words("In review", "info", _WAIT, "Look at each file and vote."),
    State.PART_REVIEWED: Words("In review", "info", _WAIT, "Look at each file and vote."),
    State.THIRD_OPINION: Words(
        "Further opinion wanted",
        "wait",
        _WAIT,
        "The reviews differ: one more output checker looks at each file and votes.",
    ),
    State.REVIEWED: Words("The reviews are in", "wait", _WAIT, "Compare the reviews, then conclude."),
    State.AWAIT_CONTROLLER: Words("With the data controller", "info", _WAIT, "The controller's delegate decides."),
    State.RETURNED: Words(
        "Returned", "wait", "Read findings and comments, mend the files, submit again.", "It is with its author."
    ),
    State.REJECTED: Words("Rejected", "stop", "Read the comments; a new request is needed."),
    State.APPROVED: Words("Approved", "good", "Nothing to do: the release follows.", "Release it, or return it."),
    State.RELEASING: Words("Being released", "info", _WAIT),
    State.RELEASE_FAILED: Words(
        "Release failed", "stop", "Nothing to do: the reviewers were told.", "Try again, or return it."
    ),
    State.RELEASED: Words("Released", "good", "Download your files."),
    State.RECALLED: Words("Recalled", "stop", "Delete every copy and follow the comment."),
    State.WITHDRAWN: Words("Withdrawn", "quiet"),
}
#: States that pass by themselves: the author's page looks again until they have.
PASSING = frozenset({State.SUBMITTED, State.SCREENING, State.BLOCKED, State.APPROVED, State.RELEASING})
REFRESH_SECONDS = 3
#: States in which nothing more is going to be released.
OVER = TERMINAL
#: States in which the author is told why the request is not going on.
CAME_BACK = frozenset({State.RETURNED, State.REJECTED, State.RECALLED})
SEVERITIES: Mapping[str, Words] = {
    "PASS": Words("Pass", "good"),
    "REVIEW": Words("For review", "wait"),
    "FAIL": Words("Fail", "stop"),
}
DECISIONS: Mapping[str, Words] = {
    Decision.APPROVE: Words("Approve", "good"),
    Decision.CHANGES: Words("Ask for changes", "wait"),
    Decision.REJECT: Words("Reject", "stop"),
}
CHANGES: Mapping[str, Words] = {
    "added": Words("New", "info"),
    "replaced": Words("Changed", "wait"),
    "removed": Words("Taken out", "quiet"),
}
#: How a number of a file goes back to an answer.
ORIGINS: Mapping[str, Words] = {
    "label": Words("Label", "quiet"),
    "exact": Words("As answered", "good"),
    "rounded": Words("Rounded", "good"),
    "total": Words("Total", "good"),
    "ratio": Words("Share", "good"),
    "difference": Words("Difference", "good"),
    "value only": Words("Other labels", "wait"),
    "none": Words("From no answer", "wait"),
}
KINDS: Mapping[str, str] = {FileKind.OUTPUT: "To be released", FileKind.SUPPORTING: "Supporting, never released"}
AUDIENCES: Mapping[str, str] = {Audience.CHECKERS: "Reviewers only", Audience.AUTHOR: "The author too"}
PARTS: Mapping[str, str] = {
    Who.AUTHOR: "You are the author of this request.",
    Who.CHECKER: "You are an output checker of this request.",
    Who.CONTROLLER: "You decide for the data controller.",
    Who.ADMINISTRATOR: "You see this request as an administrator.",
}
CONTROLLER_DECISIONS: Mapping[State, str] = {
    State.APPROVED: "Let it pass",
    State.RETURNED: "Return it to the author",
    State.REJECTED: "Reject it",
}
PROBLEMS: Mapping[str, str] = {
    "file-changed": "A stored file is no longer the file that was approved, so nothing was released.",
    "interrupted": "The service stopped in the middle of the release; nothing was released.",
    "release-key-missing": "The key that signs releases cannot be used; tell the operator.",
    "release-error": "The release broke off; nothing was released.",
    "release-store-unreachable": "The release store does not answer, so nothing was released; tell the operator.",
    "release-store-settings": "The release store's settings are not whole; tell the operator.",
    "cannot-be-sanitised": "A file's hidden parts could not be taken off; its author must save it anew.",
    "release-overtaken": "The request had moved on, so nothing was released.",
}
UNKNOWN_PROBLEM = "The release broke off; nothing was released."
#: What is said on the page after a form. The address carries the code only, never a text.
DONE: Mapping[str, str] = {
    "created": "The draft was created.",
    "described": "Your changes were saved.",
    "grouped": "The groups were changed.",
    "files-added": "The files were added.",
    "file-removed": "The file was taken out.",
    "submitted": "The request was submitted.",
    "withdrawn": "The request was withdrawn.",
    "voted": "Your votes were recorded.",
    "commented": "Your comment was added.",
    "concluded": "The review was concluded.",
    "decided": "Your decision was recorded.",
    "released": "The files were released.",
    "reopened": "The request was returned to its author.",
    "recalled": "The release was recalled.",
    "links-ended": "The download links were ended.",
}
#: Keys of the review page (egress/service/review.js) and what they do.
SHORTCUTS: tuple[tuple[str, str], ...] = (
    ("j or \N{RIGHTWARDS ARROW}", "Next file"),
    ("k or \N{LEFTWARDS ARROW}", "Previous file"),
    ("n", "Next finding, marked in the preview"),
    ("p", "Previous finding"),
    ("a", "Choose approve; Enter records it"),
    ("c", "Choose changes needed; Enter records it"),
    ("r", "Choose reject; Enter records it"),
    ("m", "Write a comment"),
    ("?", "These shortcuts, and their switch"),
)
#: What an author says of a group of files, in the order of the pages: field, term.
SPOKEN: tuple[tuple[str, str], ...] = (
    ("context", "Context"),
    ("controls", "Disclosure controls"),
    ("variables", "Variables"),
    ("population", "Population"),
    ("people", "Number of people"),
    ("earlier", "Relation to earlier releases"),
)
ALWAYS = frozenset({"context", "controls"})
TITLES: Mapping[int, str] = {404: "Not found", 403: "Not allowed", 500: "Not available", 503: "Not available"}


def spoken(said: Said, direction: Direction = OUT) -> list[tuple[str, str]]:
    """What an author said of a group of files, term by term; the first is always there, and of what goes out the
    second."""
    always = ALWAYS if direction is OUT else ALWAYS - {"controls"}
    pairs = [(field, term, getattr(said, field)) for field, term in SPOKEN]
    return [(term, _say(value)) for field, term, value in pairs if field in always or value not in ("", None)]


def _say(value: str | int | None) -> str:
    return f"{value:,}" if isinstance(value, int) else value or "-"
