"""Reminders by e-mail: at most once, to those who may be told, and after an interruption no second letter."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes

from sqlalchemy import update

from egress.mailing import send_reminders, settle_reminders
from governance import registry
from governance.clock import today
from governance.registry.reminders import remind_of_endings
from governance.store.stops import Reminder
from tests.support.airlock_world import AUTHOR, COLLEAGUE, AirlockWorld

BY = "operator:test"


def letters(world: AirlockWorld) -> list[str]:
    folder = world.airlock.settings.folder.root / "mail"
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.exists() else []
    return [message_from_bytes(path.read_bytes()).as_string() for path in files]


def mail_states(world: AirlockWorld) -> dict[str, str]:
    with world.store.reading() as session:
        return {row.subject: row.mail for row in session.query(Reminder)}


def test_a_reminder_is_mailed_once_to_who_has_an_address(world: AirlockWorld) -> None:
    ends = today() + timedelta(days=5)
    for subject in (AUTHOR, COLLEAGUE, "clinician"):
        registry.record_training(world.store, actor=BY, subject=subject, course="safe-researcher", expires=ends)
    for subject in (AUTHOR, COLLEAGUE):
        registry.set_mail_address(world.store, actor=BY, subject=subject, address=f"{subject}@example.org")
    assert remind_of_endings(world.store, (7,)) == 3
    registry.suspend_person(world.store, actor=BY, subject=COLLEAGUE)
    assert send_reminders(world.airlock) == 1
    assert send_reminders(world.airlock) == 0
    (letter,) = letters(world)
    assert f"{AUTHOR}@example.org" in letter
    assert "Safe researcher training" in letter and str(ends.year) in letter
    assert mail_states(world) == {AUTHOR: "sent", COLLEAGUE: "none", "clinician": "none"}


def test_what_was_in_hand_makes_no_second_letter(world: AirlockWorld) -> None:
    ends = today() + timedelta(days=5)
    registry.record_training(world.store, actor=BY, subject=AUTHOR, course="safe-researcher", expires=ends)
    registry.set_mail_address(world.store, actor=BY, subject=AUTHOR, address="a@example.org")
    remind_of_endings(world.store, (7,))
    send_reminders(world.airlock)
    with world.store.transaction() as session:
        session.execute(update(Reminder).values(mail="sending"))
    assert settle_reminders(world.airlock) == 1
    send_reminders(world.airlock)
    assert len(letters(world)) == 1
