"""How a project's keys are rotated, retired and, when the project is closed, destroyed. Promise: each is one audit
event; a destruction that broke off is completed by the next try, and is never undone by a new key.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import Detail, append_event, read_head
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_project
from governance.registry.extracts import list_extracts
from governance.roles import ProjectStatus, Role
from governance.settings import Settings
from governance.store import Store
from governance.store.audit_log import AuditEvent
from intake.keys.certificate import Certificate, DestroyedKey, ExtractState, write_signed
from intake.keys.of_extract import made_with
from intake.keys.secret_file import PRIVATE_FILE, sync_folder
from intake.keys.store import KeyRecord, KeyStore, key_destroyed, key_missing

DESTROYED = "key.destroyed"


def rotate_keys(store: Store, keys: KeyStore, project: str, *, actor: str) -> tuple[KeyRecord, ...]:
    """Make the next generation of each of the project's keys. The extract in force keeps its pseudonyms; the next one
    has others. Raises Refusal `key-missing`, `key-destroyed`, `no-such-project`, `role-missing`."""
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        find_project(session, project)
        domains = sorted({record.domain for record in keys.records(project)})
        if not domains:
            raise key_missing(project, "person")
        made = tuple(keys.rotate(project, domain) for domain in domains)
        for record in made:
            _write(session, "key.rotated", actor, record)
    return made


def retire_keys(settings: Settings, store: Store, keys: KeyStore, project: str, *, actor: str) -> tuple[KeyRecord, ...]:
    """Destroy generations that the extract in force was not made with; the newest of each domain stays. To be called
    when an extract has come into force. Without one nothing is retired."""
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        used = frozenset(made_with(settings, session, project).values())
        if not used or "" in used:  # an earlier release built it and does not say with which
            return ()
        gone = keys.retire(project, used)
        for record in gone:
            _write(session, "key.retired", actor, record)
    return gone


def destroy_keys(settings: Settings, store: Store, keys: KeyStore, project: str, *, actor: str) -> Path:
    """Destroy all keys of a closed project, for good; returns the file of the signed certificate.

    Raises Refusal `project-not-closed`, `key-destroyed` (it is done already), `key-missing` (there never was one),
    `signing-key-missing`, `no-such-project`, `role-missing`.
    """
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        if find_project(session, project).status != ProjectStatus.CLOSED:
            raise Refusal(
                "project-not-closed",
                "Only a closed project's keys are destroyed.",
                f"Close it first, which is for good: sde project change {project} --status closed",
            )
        if _is_destroyed(session, project):
            raise key_destroyed(project)
        destroyed = keys.destroy(project)
        certificate = Certificate(
            project=project,
            destroyed_at=now().isoformat(timespec="seconds"),
            by=actor,
            keys=tuple(DestroyedKey(k.domain, k.generation, k.key_id, k.made_at.isoformat()) for k in destroyed),
            extracts=tuple(ExtractState(e.folder, e.sha256, e.state) for e in list_extracts(session, project)),
            audit_events_before=read_head(session).seq,
        )
        file = _write_certificate(settings, certificate)
        detail: Detail = {"keys": ",".join(k.key_id for k in destroyed), "certificate": file.name}
        append_event(session, event=DESTROYED, actor=actor, project=project, detail=detail)
    return file


def certificates(settings: Settings) -> Path:
    """The folder of certificates: beside the signed head, since both are proofs."""
    return settings.folder.audit_head.parent / "certificates"


def _write(session: Session, event: str, actor: str, record: KeyRecord) -> None:
    detail: Detail = {"domain": record.domain, "generation": record.generation, "key_id": record.key_id}
    append_event(session, event=event, actor=actor, project=record.project, detail=detail)


def _is_destroyed(session: Session, project: str) -> bool:
    found = select(AuditEvent.seq).where(AuditEvent.event == DESTROYED, AuditEvent.project == project).limit(1)
    return session.scalars(found).first() is not None


def _write_certificate(settings: Settings, certificate: Certificate) -> Path:
    folder = certificates(settings)
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{certificate.project}.json"
    spare = folder / f".{file.name}.{os.getpid()}"
    written = write_signed(certificate, settings.folder.keys / "audit-signing.pem")
    descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(written)
        stream.flush()
        os.fsync(stream.fileno())
    spare.replace(file)
    sync_folder(folder)
    return file
