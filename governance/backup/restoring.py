"""Restores a backup into an empty place. Promise: the state folder appears whole or not at all, after every hash, the
list's signature and the audit chain were proven; after a kill, the same command goes on.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from governance.audit import append_event, is_signed, public_key, verify_chain
from governance.backup.making import FILES, FORM, KIND, LIST, ROWS, digest_file, silent
from governance.backup.rows import load
from governance.backup.sealing import unseal
from governance.refusal import Refusal
from governance.registry import initialise, operator
from governance.settings import Settings, load_settings
from governance.store.database import Store, unchecked_store


def restore_backup(
    backup: Path, state: Path, keys: Path, passphrase: bytes = b"", say: Callable[[str], None] = silent
) -> int:
    """Put it back; returns how many audit events hold.

    Args:
        keys: the sealed file, or a folder that holds the keys as they are.

    Raises Refusal `state-not-empty`, `backup-damaged`, `keys-of-another`, `keys-not-opened`, `register-not-empty`.
    """
    state = state.absolute()
    if state.exists() and any(state.iterdir()):
        raise Refusal("state-not-empty", "The state folder is not empty.", "Restore into an empty place (SDE_STATE).")
    stated = check_backup(backup)
    staged = state.with_name(f".{state.name}.restoring")
    shutil.rmtree(staged, ignore_errors=True)  # an earlier attempt was killed
    try:
        shutil.copytree(backup / FILES, staged)
        staged.chmod(0o700)
        _put_keys(staged, keys, passphrase, stated["public_key"])
        say("files and keys are in place")
        settings = load_settings(state=staged)
        events = _fill(settings, backup / ROWS, stated)
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged.rename(state)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    store = initialise(load_settings(state=state))  # an older backup is brought up to date
    with store.transaction() as session:
        append_event(session, event="backup.restored", actor=operator(), detail={"events": events})
    store.close()
    return events


def check_backup(backup: Path) -> dict[str, Any]:
    """What the list says, once every file is as it says. Raises Refusal `backup-damaged`."""
    try:
        stated: dict[str, Any] = json.loads((backup / LIST).read_text())
        signature, public, files = stated.pop("signature"), stated["public_key"], stated["files"]
        there = {file.relative_to(backup).as_posix() for file in backup.rglob("*") if file.is_file()} - {LIST}
        is_whole = stated["form"] == FORM and is_signed(public, KIND, stated, signature) and there == set(files)
        is_whole = is_whole and all(digest_file(backup / name) == digest for name, digest in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        raise Refusal("backup-damaged", "The backup is not whole, or not as it was signed.", "Restore another one.")
    return stated


def _put_keys(staged: Path, keys: Path, passphrase: bytes, public: str) -> None:
    """The register can only be changed and proven with the very key that signed it."""
    folder = staged / "keys"
    folder.mkdir(mode=0o700)
    if keys.is_dir():
        shutil.copytree(keys, folder, dirs_exist_ok=True)
    elif keys.is_file():
        unseal(keys.read_bytes(), passphrase, folder)
    try:
        belongs = public_key(folder / "audit-signing.pem") == public
    except (OSError, ValueError):
        belongs = False
    if not belongs:
        raise Refusal("keys-of-another", "These are not the keys of this backup.", "Name the keys kept with it.")


def _fill(settings: Settings, rows: Path, stated: dict[str, Any]) -> int:
    store = unchecked_store(settings)
    if not settings.register_url:
        os.close(os.open(settings.folder.register, os.O_CREAT | os.O_RDONLY, 0o600))
    if store.schema_version == "":
        with store.engine.execution_options(sde_begin="BEGIN IMMEDIATE").begin() as connection, rows.open() as lines:
            load(connection, stated["schema"], lines)
    events = _check_chain(store, stated)
    store.close()
    return events


def _check_chain(store: Store, stated: dict[str, Any]) -> int:
    with store.reading() as session:
        report = verify_chain(session, store.audit_head, store.signing_key)
    if not report.holds or report.events != stated["events"]:
        raise Refusal(
            "register-not-empty", "The database holds another register, or the audit chain does not hold.",
            "Restore into an empty database.",
        )  # fmt: skip
    return report.events
