"""What an author does before submitting: draft, describe, add and take out files. Promise: bytes are kept only for a
live member, and every name and text is checked before anything is stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import BinaryIO

from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.ballots import FileKind, live_files
from egress.directions import OUT, Direction, check_purpose
from egress.files import StoredFile
from egress.groups import Words, find_group
from egress.intention import find_intended
from egress.moving import find_request, note, open_draft
from egress.names import check_file_name, clean_text, clean_title
from egress.policies import check_can_add_files, check_can_create, check_can_edit
from egress.states import Action
from governance.clock import now
from governance.refusal import Refusal
from governance.store.airlock import EgressFile, EgressRequest

ID_BYTES = 8


@dataclass(frozen=True)
class Incoming:
    """A file on its way in: its name as given, its bytes, whether it is to be released or only shown, its group."""

    name: str
    source: BinaryIO
    kind: FileKind = FileKind.OUTPUT
    group: int | None = None


@dataclass(frozen=True)
class Description:
    """What the author says of a request and of the files that are in no group of their own.

    Attributes:
        exception: why a FAIL should be let pass; empty if none is asked for.
        people: how many people the files rest on (n); None if not said.
        earlier: how they relate to what was released before.
        intended_output: its number in the project's list of intended outputs.
        intended_reason: why it is none of that list.
        purpose: of what is brought in, a word of egress.directions.Purpose.
    """

    title: str = ""
    context: str = ""
    controls: str = ""
    exception: str = ""
    variables: str = ""
    population: str = ""
    people: int | None = None
    earlier: str = ""
    intended_output: int | None = None
    intended_reason: str = ""
    purpose: str = ""

    @property
    def words(self) -> Words:
        """What is said of the files."""
        return Words(self.context, self.variables, self.population, self.people, self.controls, self.earlier)

    def cleaned(self) -> Description:
        """Checked and mended texts. Raises Refusal `text-too-long`, `bad-number`, `unknown-purpose`."""
        words = self.words.cleaned()
        return replace(
            self,
            title=clean_title(self.title),
            exception=clean_text(self.exception, "exception"),
            intended_reason=clean_text(self.intended_reason, "reason"),
            purpose=check_purpose(self.purpose),
            **asdict(words),
        )


@dataclass(frozen=True)
class _Kept:
    name: str
    kind: FileKind
    group: int | None
    stored: StoredFile


def create_draft(
    airlock: Airlock,
    *,
    actor: str,
    project: str,
    description: Description,
    files: Sequence[Incoming] = (),
    direction: Direction = OUT,
) -> str:
    """A new draft with its files; returns its id (16 hex digits). Here and never again its direction is said.

    Raises Refusal `too-many-open`, `bad-file-name`, `file-too-large`, `too-many-files`, `same-name-twice` and those of
    governance.access; nothing is drafted then.
    """
    words = description.cleaned()
    with airlock.store.reading() as session:  # before any byte is kept; asked again below
        check_can_create(session, actor, project, direction)
    kept = _keep(airlock, files)
    with airlock.store.transaction() as session:
        check_can_create(session, actor, project, direction)
        request = EgressRequest(
            id=secrets.token_hex(ID_BYTES), project_slug=project, author=actor, created_at=now(), problem=""
        )
        request.direction = direction.value
        _describe(session, request, words, fallback=kept[0].name if kept else "Untitled")
        open_draft(session, request, actor=actor, files=len(kept))
        _put_in(airlock, session, actor, request, kept)
        return request.id


def describe(airlock: Airlock, *, actor: str, request_id: str, description: Description) -> None:
    """Replace the texts of an editable request."""
    words = description.cleaned()
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_edit(session, actor, request)
        _describe(session, request, words, fallback=request.title)
        note(session, request, Action.DESCRIBE, actor=actor)


def add_files(airlock: Airlock, *, actor: str, request_id: str, files: Sequence[Incoming]) -> None:
    """Add files to an editable request; one of the same name is replaced."""
    with airlock.store.reading() as session:
        check_can_edit(session, actor, find_request(session, actor, request_id), Action.ADD_FILE)
    kept = _keep(airlock, files)
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        _put_in(airlock, session, actor, request, kept)
        note(session, request, Action.ADD_FILE, actor=actor, files=len(kept))


def remove_file(airlock: Airlock, *, actor: str, request_id: str, file_id: int) -> None:
    """Take a file out of an editable request; its row and its votes stay on record. Raises Refusal `no-such-file`."""
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_edit(session, actor, request, Action.REMOVE_FILE)
        found = [file for file in live_files(request) if file.id == file_id]
        if not found:
            raise Refusal("no-such-file", "There is no such file in this request.", "Open the request again.")
        found[0].withdrawn_turn = request.turn
        note(session, request, Action.REMOVE_FILE, actor=actor, sha256=found[0].sha256)


def _keep(airlock: Airlock, files: Sequence[Incoming]) -> list[_Kept]:
    most = airlock.settings.egress_files
    if len(files) > most:
        raise Refusal("too-many-files", f"A request holds at most {most} files.", "Split it into several requests.")
    names = [check_file_name(file.name) for file in files]
    return [
        _Kept(name, file.kind, file.group, airlock.files.put(file.source, name))
        for name, file in zip(names, files, strict=True)
    ]


def _put_in(airlock: Airlock, session: Session, actor: str, request: EgressRequest, kept: Sequence[_Kept]) -> None:
    names = [file.name for file in kept]
    check_can_add_files(session, actor, request, names, airlock.settings)
    for new in kept:
        if new.group is not None:
            find_group(request, new.group)
        earlier = _find_earlier(request, new.name)
        if earlier is not None and earlier.withdrawn_turn is None:
            earlier.withdrawn_turn = request.turn
        row = EgressFile(name=new.name, kind=new.kind.value, sha256=new.stored.sha256, size=new.stored.size)
        row.added_turn = request.turn + 1
        row.replaces_id = earlier.id if earlier is not None else None
        row.group_id = new.group if new.group is not None or earlier is None else earlier.group_id
        request.files.append(row)
    session.flush()


def _find_earlier(request: EgressRequest, name: str) -> EgressFile | None:
    """The newest file of that name in the request, taken out or not: the one whose place a new one takes."""
    same = [file for file in request.files if file.name.casefold() == name.casefold()]
    return same[-1] if same else None


def _describe(session: Session, request: EgressRequest, words: Description, fallback: str) -> None:
    if words.intended_output is not None:
        find_intended(session, request.project_slug, words.intended_output)
    request.title = words.title or fallback
    words.words.write_to(request)
    request.exception_reason = words.exception
    request.purpose = words.purpose
    request.intended_output_id, request.intended_reason = words.intended_output, words.intended_reason
