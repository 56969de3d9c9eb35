"""How an approved request is answered, once. Promise: the answer exists in the memory of the process that the clinician
opened with their own key, and is shown only after the register has ended the request.

If the process dies in between, the answer is lost and has to be asked for anew: better than told twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from governance.clock import now
from governance.extracts import ProjectData, read_manifest
from governance.refusal import Refusal
from governance.registry.reidentification import answer_request
from governance.settings import Settings
from governance.store import Store
from intake.keys import Pseudonymiser, key_store
from intake.keys.of_extract import MANIFEST_FIELD, PERSON
from intake.reidentification.asking import load_region_extract
from intake.reidentification.lookup import Place, find_nhs_numbers
from intake.reidentification.own_key import OwnKey
from intake.reidentification.record import passed_on, read_open_request
from intake.reidentification.sealing import tampered, unseal
from intake.sources import open_workbench


@dataclass(frozen=True)
class Told:
    """One pseudonym and whose it is: an NHS number, or None where nothing may be told."""

    pseudonym: int
    nhs_number: int | None

    def __repr__(self) -> str:
        return "Told()"


@dataclass(frozen=True)
class Answer:
    """What the clinician is told."""

    request: str
    told: tuple[Told, ...]


def answer(settings: Settings, store: Store, request_id: str, own: OwnKey) -> Answer:
    """Tell the named clinician, and end the request. Raises Refusal; the request then stays as it is."""
    with store.reading() as session:
        terms, sealed = read_open_request(session, request_id, own)
        if own.subject != terms.clinician:
            raise Refusal("not-yours", "This is for somebody else to do.", "`sde reidentify list` says for whom.")
        halves = passed_on(session, request_id)
        data = load_region_extract(settings, session, terms.project)
    if len(halves) != len(terms.keyholders):
        raise Refusal("wrong-state", "The request is not approved by both keyholders.", "Wait for them.")
    pseudonyms = frozenset(unseal(terms, sealed, own, halves))
    _check_in_time(max(at for _, at, _ in halves), settings.reidentification_hours)
    if len(pseudonyms) != terms.people:
        raise tampered()
    with open_workbench() as connection:
        connection.execute("SET temp_directory = ''")  # who is who never meets a disk
        key = _project_key(settings, data, terms.project)
        numbers = find_nhs_numbers(connection, Place(data.database, settings), key, pseudonyms)
    told = tuple(Told(pseudonym, numbers.get(pseudonym)) for pseudonym in sorted(pseudonyms))
    known = sum(one.nhs_number is not None for one in told)
    answer_request(store, subject=own.subject, request_id=request_id, answered=known, withheld=len(told) - known)
    return Answer(request_id, told)


def _project_key(settings: Settings, data: ProjectData, project: str) -> Pseudonymiser:
    """The key that the extract in force was made with: not a newer one."""
    named = read_manifest(data.database.parent).get(MANIFEST_FIELD, {}).get(PERSON, "")
    return key_store(settings).open(project, PERSON, key_id=str(named))


def _check_in_time(approved_at: datetime, hours: int) -> None:
    """By the moments that the seals are bound to: a date changed in the register does not help."""
    if approved_at + timedelta(hours=hours) <= now():
        raise Refusal("request-ended", "The request is expired.", "Ask anew if it is still needed.")
