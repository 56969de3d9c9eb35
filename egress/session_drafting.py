"""Drafts a request from an ACRO session: its outputs as files, its words as the author's, its record for the checkers.

Promise: the draft is an ordinary one, nothing of it was checked yet, and ACRO's statuses decide nothing.
"""

from __future__ import annotations

import io

from egress.acro import Session, SessionFile
from egress.acro_words import SESSION_RECORD
from egress.airlock import Airlock
from egress.ballots import FileKind
from egress.drafting import Description, Incoming, create_draft
from egress.names import LONGEST_TEXT
from egress.releasing.outputs import AuthorsWord
from governance.refusal import Refusal


def draft_session(airlock: Airlock, *, actor: str, project: str, session: Session) -> str:
    """A new draft of one's own; returns its id. Raises Refusal `no-output-file` and those of create_draft."""
    if not any(file.kind is FileKind.OUTPUT for file in session.files):
        raise Refusal("no-output-file", "The session has no output to release.", "Add an output and finalise again.")
    record = Incoming(SESSION_RECORD, io.BytesIO(session.record), FileKind.SUPPORTING)
    files = [*(Incoming(file.name, file.open(), file.kind) for file in session.files), record]
    description = describe_session(session)
    return create_draft(airlock, actor=actor, project=project, description=description, files=files)


def describe_session(session: Session) -> Description:
    """ACRO's words as the author's: context from types and comments, controls from summaries, exceptions as asked."""
    outputs = [file for file in session.files if file.kind is FileKind.OUTPUT]
    number = f"{len(outputs)} output" + ("" if len(outputs) == 1 else "s")
    asked = [f"{file.name}: {file.word.exception}" for file in outputs if _asks(file.word)]
    return Description(
        title=f"ACRO session: {number}",
        context=_join([_describe_file(file) for file in outputs]),
        controls=_join([f"Made with ACRO {session.version}.", *(_say_status(file) for file in outputs)]),
        exception=_join(asked),
    )


def _asks(word: AuthorsWord) -> bool:
    """Whether the author asks for an exception: ACRO fills in a reason of its own where it suppressed by itself."""
    return bool(word.exception) and word.status == "fail"


def _describe_file(file: SessionFile) -> str:
    word = file.word
    kind = ", ".join(filter(None, (word.output_type, word.method, word.statbarn)))
    return " ".join(filter(None, (f"{file.name} ({kind}).", *word.comments)))


def _say_status(file: SessionFile) -> str:
    return f"{file.name}: {file.word.summary or file.word.status}"


def _join(lines: list[str]) -> str:
    """The lines that fit; what is left out stands in the session's record, which the checkers have."""
    text, more = "", "(The rest is in the session's record.)"
    for line in lines:
        if len(text) + len(line) + len(more) + 2 > LONGEST_TEXT:
            return f"{text}{more}"
        text += f"{line}\n"
    return text.strip()
