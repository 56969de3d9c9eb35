"""What one person may read of requests, as frozen values for pages and JSON. Built by egress.reading and egress.listing
only, which ask egress.visibility what may get in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from egress.budget import BudgetView
from egress.directions import Direction
from egress.groups import Words
from egress.history import Step
from egress.release import Release
from egress.releasing.documents import CRATE, MANIFEST, RESULTS, SIGNATURE
from egress.standing import Standing
from egress.states import Action, State, Who
from governance.refusal import Refusal


@dataclass(frozen=True)
class FindingView:
    """What a check said of one file."""

    file: str
    check: str
    severity: str
    where: str
    why: str
    fix: str


@dataclass(frozen=True)
class VoteView:
    """One vote that the viewer may see; `checker` is the subject, `name` what people call them."""

    checker: str
    name: str
    decision: str
    is_own: bool


@dataclass(frozen=True)
class VersionView:
    """An earlier version of a file: in which turns it was in the request (none if it was never submitted)."""

    turns: tuple[int, ...]
    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class FileView:
    """One file of the request as it is now. `group`: the number of its group, None if it is in none; `cells`: of its
    tables; `versions`: what it took the place of, newest first; `is_new`: not in the last turn as it is now."""

    id: int
    name: str
    kind: str
    sha256: str
    size: int
    media_type: str
    findings: tuple[FindingView, ...]
    votes: tuple[VoteView, ...]
    group: int | None
    cells: int
    versions: tuple[VersionView, ...]
    is_new: bool


@dataclass(frozen=True)
class GroupView:
    """One group of files. `id` None and no name: the files in no group, of which the request's own words speak."""

    id: int | None
    name: str
    words: Words
    files: tuple[FileView, ...]


@dataclass(frozen=True)
class IntendedView:
    """One intended output of the project's application."""

    id: int
    title: str
    description: str


@dataclass(frozen=True)
class CommentView:
    """One comment that the viewer may read; `writer` is a person or, for the author, a part."""

    turn: int
    writer: str
    text: str
    audience: str
    written_at: datetime


@dataclass(frozen=True)
class ReceiptView:
    """One answered query of the author, for checkers."""

    id: str
    asked_at: datetime
    sql: str
    rows: int
    suppressed_rows: int
    suppressed_cells: int
    policy_version: str


@dataclass(frozen=True)
class Summary:
    """One line of a list. `state`, `changed_at` and `standing` are what the reader, in their part, may know."""

    id: str
    project: str
    author: str
    author_name: str
    title: str
    direction: Direction
    state: State
    turn: int
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None
    files: int
    standing: Standing


@dataclass(frozen=True)
class RequestView:
    """One request as one person may see it. `intended`: the intended output it is, None if it names none (then
    `intended_reason` may say why); `intended_choices`: the project's list; `own_words`: of the files in no group."""

    summary: Summary
    part: Who
    purpose: str
    context: str
    controls: str
    exception: str
    problem: str
    own_words: Words
    groups: tuple[GroupView, ...]
    intended: IntendedView | None
    intended_reason: str
    intended_choices: tuple[IntendedView, ...]
    budget: BudgetView
    files: tuple[FileView, ...]
    comments: tuple[CommentView, ...]
    history: tuple[Step, ...]
    receipts: tuple[ReceiptView, ...]
    actions: frozenset[Action]
    obstacle: Refusal | None
    release: Release | None

    @property
    def downloads(self) -> tuple[str, ...]:
        """Names the author may fetch now."""
        outputs = tuple(file.name for file in self.files if file.kind == "output")
        return (*outputs, MANIFEST, SIGNATURE, RESULTS, CRATE) if Action.DOWNLOAD in self.actions else ()

    @property
    def findings(self) -> tuple[FindingView, ...]:
        """All findings of all files."""
        return tuple(finding for file in self.files for finding in file.findings)
