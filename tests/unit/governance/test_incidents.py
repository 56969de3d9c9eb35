"""Incidents in the register, and `sde incident`."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from governance.commands.incident import app
from governance.demo_register import load_demo_register
from governance.refusal import Refusal
from governance.registry.incidents import (
    IncidentKind,
    IncidentState,
    add_note,
    close_incident,
    list_incidents,
    open_incident,
    show_incident,
)
from governance.store import Store
from governance.store.audit_log import AuditEvent

PROJECT = "gi-bleed"


@pytest.fixture
def incident(store: Store) -> str:
    load_demo_register(store)
    with store.transaction() as session:
        given = {"kind": IncidentKind.RELEASE_RECALLED, "project": PROJECT, "text": "A name was left in."}
        return open_incident(session, actor="admin", **given)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_an_incident_is_opened_noted_and_closed_and_each_step_is_on_record(store: Store, incident: str) -> None:
    add_note(store, actor="admin", incident=incident, text="The author deleted every copy.")
    close_incident(store, actor="admin", incident=incident, text="Told the controller.")
    with store.reading() as session:
        view = show_incident(session, actor="admin", incident=incident)
        events = [row for row in session.query(AuditEvent) if row.event.startswith("incident.")]
    assert (view.state, view.closed_by, [note.text for note in view.notes]) == (
        "closed",
        "admin",
        ["The author deleted every copy.", "Told the controller."],
    )
    assert [row.event for row in events] == ["incident.opened", "incident.noted", "incident.noted", "incident.closed"]
    assert not [row for row in events if "copy" in row.detail or "name" in row.detail]  # digests, not words
    for change in (add_note, close_incident):
        with pytest.raises(Refusal, match="incident-closed"):
            change(store, actor="admin", incident=incident, text="More.")


@pytest.mark.parametrize(
    ("actor", "code"), [("researcher-a", "role-missing"), ("checker-a", "role-missing"), ("x", "not-registered")]
)
def test_incidents_are_for_administrators(store: Store, incident: str, actor: str, code: str) -> None:
    with store.reading() as session:
        for ask in (
            lambda: list_incidents(session, actor=actor),
            lambda: show_incident(session, actor=actor, incident=incident),
            lambda: add_note(store, actor=actor, incident=incident, text="x"),
        ):
            with pytest.raises(Refusal, match=code):
                ask()


@pytest.mark.parametrize(("text", "code"), [("  ", "bad-name"), ("It is 943 476 5919", "number-in-text")])
def test_texts_say_something_and_name_nobody(store: Store, incident: str, text: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        add_note(store, actor="admin", incident=incident, text=text)


def test_the_command_lists_shows_notes_and_closes(store: Store, incident: str) -> None:
    del store
    assert incident in run("list")
    assert "no notes" in run("show", incident)
    run("note", incident, "--text", "Looked at it.")
    run("close", incident, "--text", "Done.")
    assert "Looked at it." in run("show", incident)
    assert json.loads(run("list", "--json", "--state", "open")) == []
    (row,) = json.loads(run("list", "--json", "--state", IncidentState.CLOSED))
    assert (row["id"], len(row["notes"])) == (incident, 2)
    assert json.loads(run("show", incident, "--json"))["closed_by"].startswith("operator:")
    with pytest.raises(Refusal, match="no-such-incident"):
        run("show", "0" * 16)
