"""An airlock for tests: the real register, store, files and actions; only the checks read a word instead of a document.

The real checks start a process for each screening, which the walks of the state machine cannot afford; the integration
tests run them (tests/integration/test_airlock_with_real_checks.py).
"""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from egress.airlock import Airlock
from egress.ballots import FileKind, live_files, live_outputs
from egress.directions import Direction
from egress.drafting import Description, Incoming, create_draft
from egress.findings import CheckReport, Finding, Severity, verdict_of
from egress.inspection.sanitising import Sanitised
from egress.provenance.filed import Tables
from egress.reviewing import vote
from egress.states import State
from egress.submission import submit
from governance.clock import today
from governance.demo_register import COURSE, load_demo_register
from governance.disclosure import DisclosureProfile
from governance.registry import (
    add_member,
    give_role,
    initialise,
    record_training,
    remove_member,
    withdraw_role,
)
from governance.roles import ProjectRole, Role
from governance.settings import Settings, load_settings
from governance.store import Store, open_store
from governance.store.airlock import EgressFile, EgressRequest
from governance.store.audit_log import AuditEvent
from tests.support import approvals

AUTHOR, COLLEAGUE, PROJECT = "researcher-a", "researcher-b", "gi-bleed"
CHECKER, SECOND, THIRD, STEWARD, ADMIN = "checker-a", "checker-b", "checker-c", "steward", "admin"
WORDS = Description("A table", "Counts by sex and year", "Rounded to 5, under 10 suppressed")
BRINGING = Description("Code lists, 2026", "The published list of codes", purpose="reference-data")
#: What a release folder holds beside the files.
BESIDE = frozenset({"manifest.json", "manifest.sig", "results.json", "ro-crate-metadata.json", "checksums"})
GOOD = b"sex,people\nF,120\nM,115\n"
BAD = b"FAIL this one"


def check_by_word(
    files: Sequence[tuple[Path, str]], profile: DisclosureProfile, *, limit: int
) -> Iterable[CheckReport]:
    """A file that holds the word FAIL or REVIEW is found so; everything else passes."""
    for path, name in files:
        content = path.read_bytes()
        found = tuple(
            Finding("word", severity, "line 1", "The word is there.", "Take it out.")
            for severity in (Severity.FAIL, Severity.REVIEW)
            if severity.value.encode() in content
        )
        digest = hashlib.sha256(content).hexdigest()
        cells = content.count(b",") + content.count(b"\n")
        yield CheckReport(name, verdict_of(found), found, "text/csv", digest, len(content), cells)


def take_off_a_word(content: bytes, media_type: str) -> Sanitised:
    """The bytes without the word METADATA."""
    bare = content.replace(b"METADATA", b"")
    return Sanitised(bare, ("a word",) if bare != content else ())


def read_no_tables(files: Sequence[tuple[Path, str]], *, limit: int) -> Iterable[Tables]:
    """No file has a table, so that there is nothing to trace."""
    del limit
    return [() for _ in files]


def output(name: str = "table.csv", content: bytes = GOOD) -> Incoming:
    return Incoming(name, io.BytesIO(content), FileKind.OUTPUT)


def code(name: str = "analysis.py", content: bytes = b"print(1)\n") -> Incoming:
    return Incoming(name, io.BytesIO(content), FileKind.OUTPUT)


def supporting(name: str = "notes.txt", content: bytes = b"how it was made") -> Incoming:
    return Incoming(name, io.BytesIO(content), FileKind.SUPPORTING)


def make_template(folder: Path) -> Path:
    """A state folder with the demonstration's register, to be copied for each test."""
    made = load_settings(state=folder)
    store = initialise(made)
    load_demo_register(store)
    for subject in (CHECKER, SECOND, THIRD, STEWARD):  # for every role that a test may give them
        approvals.train(store, subject)
    store.close()
    return folder


@dataclass(frozen=True)
class AirlockWorld:
    """The airlock and short ways to get a request somewhere."""

    airlock: Airlock

    @classmethod
    def of(cls, store: Store, settings: Settings) -> AirlockWorld:
        return cls(Airlock(store, settings, check_by_word, take_off_a_word, read_no_tables, check_by_word))

    @classmethod
    def copy_of(cls, template: Path, settings: Settings) -> AirlockWorld:
        """A world of its own in the settings' state folder. The caller closes its store."""
        shutil.copytree(template, settings.folder.root)
        return cls.of(open_store(settings), settings)

    @property
    def store(self) -> Store:
        return self.airlock.store

    def train(self, subject: str, days: int = 100) -> None:
        """A newer training record, which counts: expired if `days` is negative."""
        expires = today() + timedelta(days=days)
        record_training(self.store, actor="service:test", subject=subject, course=COURSE, expires=expires)

    def join_and_leave(self, subject: str, role: Role) -> None:
        """The person was once a member of the project, and holds the service role again."""
        withdraw_role(self.store, actor="service:test", subject=subject, role=role)
        member = {"actor": "service:test", "slug": PROJECT, "subject": subject}
        add_member(self.store, **member, role=ProjectRole.RESEARCHER, until=today() + timedelta(days=10))
        remove_member(self.store, **member)
        give_role(self.store, actor="service:test", subject=subject, role=role)

    def draft(
        self,
        *files: Incoming,
        author: str = AUTHOR,
        description: Description = WORDS,
        direction: Direction = Direction.OUT,
    ) -> str:
        given = files or (output(),)
        made = {"actor": author, "project": PROJECT, "description": description, "files": given}
        return create_draft(self.airlock, **made, direction=direction)

    def submitted(
        self, *files: Incoming, description: Description = WORDS, direction: Direction = Direction.OUT
    ) -> str:
        """A request that was submitted and screened."""
        request = self.draft(*files, description=description, direction=direction)
        submit(self.airlock, actor=AUTHOR, request_id=request)
        return request

    def incoming(self, *files: Incoming) -> str:
        """A request to bring files in, submitted and screened."""
        return self.submitted(*(files or (code(),)), description=BRINGING, direction=Direction.IN)

    def landed_folder(self, request_id: str) -> Path | None:
        """Where what was brought in lies, if it is there."""
        found = list((self.airlock.settings.folder.imports / PROJECT).glob(f"*-{request_id}"))
        assert len(found) <= 1
        return found[0] if found else None

    def reviewed(self, *files: Incoming, description: Description = WORDS) -> str:
        """A request with two complete, approving reviews."""
        request = self.submitted(*files, description=description)
        for checker in (CHECKER, SECOND):
            self.vote_all(checker, request)
        return request

    def vote_all(self, checker: str, request_id: str, decision: str = "approve") -> State:
        outputs = [file.id for file in self.outputs(request_id)]
        return vote(self.airlock, actor=checker, request_id=request_id, decisions=dict.fromkeys(outputs, decision))

    def vote(self, checker: str, request_id: str, decisions: Mapping[int, str]) -> State:
        return vote(self.airlock, actor=checker, request_id=request_id, decisions=decisions)

    def row(self, request_id: str) -> EgressRequest:
        with self.store.reading() as session:
            request = session.get_one(EgressRequest, request_id)
            for file in request.files:
                assert file.votes is not None and file.findings is not None  # loaded before the session ends
            return request

    def state(self, request_id: str) -> State:
        return State(self.row(request_id).state)

    def files(self, request_id: str) -> tuple[EgressFile, ...]:
        return live_files(self.row(request_id))

    def outputs(self, request_id: str) -> tuple[EgressFile, ...]:
        return live_outputs(self.row(request_id))

    def flip_byte(self, request_id: str, place: int = 0) -> None:
        """Change one byte of the first output file where it is kept."""
        self.damage(self.airlock.files.path(self.outputs(request_id)[place].sha256))

    @staticmethod
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[0] ^= 1
        path.chmod(0o600)
        path.write_bytes(content)
        path.chmod(0o400)

    def events(self, prefix: str = "egress.") -> list[str]:
        with self.store.reading() as session:
            return [
                row.event for row in session.query(AuditEvent).order_by(AuditEvent.seq) if row.event.startswith(prefix)
            ]
