"""What an author does before submitting: draft, describe, add and take out files. Promise: bytes are kept only for a
live member, and every name and text is checked before anything is stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.ballots import FileKind, live_files
from egress.files import StoredFile
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
    """A file on its way in: its name as given, its bytes, and whether it is to be released or only shown."""

    name: str
    source: BinaryIO
    kind: FileKind = FileKind.OUTPUT


@dataclass(frozen=True)
class Description:
    """What the author says of a request. `exception`: why a FAIL should be let pass, empty if none is asked for."""

    title: str = ""
    context: str = ""
    controls: str = ""
    exception: str = ""

    def cleaned(self) -> Description:
        """Checked and mended texts. Raises Refusal `text-too-long`."""
        return Description(
            clean_title(self.title),
            clean_text(self.context, "context"),
            clean_text(self.controls, "controls"),
            clean_text(self.exception, "exception"),
        )


@dataclass(frozen=True)
class _Kept:
    name: str
    kind: FileKind
    stored: StoredFile


def create_draft(
    airlock: Airlock, *, actor: str, project: str, description: Description, files: Sequence[Incoming] = ()
) -> str:
    """A new draft with its files; returns its id (16 hex digits).

    Raises Refusal `too-many-open`, `bad-file-name`, `file-too-large`, `too-many-files`, `same-name-twice` and those of
    governance.access; nothing is drafted then.
    """
    words = description.cleaned()
    with airlock.store.reading() as session:  # before any byte is kept; asked again below
        check_can_create(session, actor, project)
    kept = _keep(airlock, files)
    with airlock.store.transaction() as session:
        check_can_create(session, actor, project)
        request = EgressRequest(
            id=secrets.token_hex(ID_BYTES), project_slug=project, author=actor, created_at=now(), problem=""
        )
        _describe(request, words, fallback=kept[0].name if kept else "Untitled")
        open_draft(session, request, actor=actor, files=len(kept))
        _put_in(airlock, session, actor, request, kept)
        return request.id


def describe(airlock: Airlock, *, actor: str, request_id: str, description: Description) -> None:
    """Replace the texts of an editable request."""
    words = description.cleaned()
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_edit(session, actor, request)
        _describe(request, words, fallback=request.title)
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
        _Kept(name, file.kind, airlock.files.put(file.source, name)) for name, file in zip(names, files, strict=True)
    ]


def _put_in(airlock: Airlock, session: Session, actor: str, request: EgressRequest, kept: Sequence[_Kept]) -> None:
    names = [file.name for file in kept]
    check_can_add_files(session, actor, request, names, airlock.settings)
    replaced = {name.casefold() for name in names}
    for file in live_files(request):
        if file.name.casefold() in replaced:
            file.withdrawn_turn = request.turn
    for new in kept:
        row = EgressFile(name=new.name, kind=new.kind.value, sha256=new.stored.sha256, size=new.stored.size)
        row.added_turn = request.turn + 1
        request.files.append(row)
    session.flush()


def _describe(request: EgressRequest, words: Description, fallback: str) -> None:
    request.title = words.title or fallback
    request.context, request.controls = words.context, words.controls
    request.exception_reason = words.exception
