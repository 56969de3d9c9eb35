"""Notices by e-mail, to a real mail server and to the folder: encrypted, never twice, and with nothing in them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from egress.mailing import outbox, send_due, settle_interrupted
from egress.notices import WORDS as NOTICE_WORDS
from egress.notices import Kind, Mail
from governance.refusal import Refusal
from governance.registry import set_mail_address, suspend_person
from governance.store.notices import MailAddress, Notice
from tests.support.airlock_service import ServedAirlock, served
from tests.support.airlock_world import ADMIN, AUTHOR, BAD, CHECKER, SECOND, WORDS, AirlockWorld, output
from tests.support.mail_server import PASSWORD, USER, mail_server
from tests.support.moving_clock import MovingClock
from tests.support.own_certificate import write_pair

pytestmark = pytest.mark.slow
ADDRESS = "researcher@example.org"


def with_settings(world: AirlockWorld, **given: Any) -> AirlockWorld:
    settings = world.airlock.settings.model_copy(update={"mail_host": "127.0.0.1", "mail_security": "none", **given})
    return replace(world, airlock=replace(world.airlock, settings=settings))


def letters(folder: Path) -> list[Message]:
    return [message_from_bytes(file.read_bytes()) for file in sorted(folder.glob("*.eml"))]


def mails(world: AirlockWorld) -> list[str]:
    with world.store.reading() as session:
        rows = session.scalars(select(Notice).where(Notice.subject == AUTHOR).order_by(Notice.id))
        return [row.mail for row in rows]


@pytest.fixture
def told(world: AirlockWorld) -> AirlockWorld:
    """One letter waits for the author."""
    set_mail_address(world.store, actor=ADMIN, subject=AUTHOR, address=ADDRESS)
    world.submitted(description=replace(WORDS, title="Å table of 7 people"))
    return world


@pytest.fixture
def clock() -> Iterator[MovingClock]:
    clock = MovingClock()
    with pytest.MonkeyPatch.context() as patch:
        clock.install(patch)
        yield clock


def told_of(kind: Kind) -> str:
    return NOTICE_WORDS[kind]


def test_without_a_server_letters_are_files_and_hold_nothing_of_the_request(world: AirlockWorld) -> None:
    set_mail_address(world.store, actor=ADMIN, subject=AUTHOR, address=ADDRESS)
    request = world.submitted(output("secret-name.csv", BAD + b" 4242"))
    assert send_due(world.airlock) == 1
    folder = world.airlock.settings.folder.mail
    (letter,) = letters(folder)
    text = letter.get_payload(decode=True).decode()
    assert (letter["To"], letter["Subject"]) == (ADDRESS, f"Airlock: request {request} - returned")
    assert told_of(Kind.RETURNED) in text and WORDS.title in text
    assert f"{world.airlock.settings.url}/services/airlock/requests/{request}" in text
    for held_back in ("4242", "secret-name", "The word is there", WORDS.context, WORDS.controls, AUTHOR):
        assert held_back not in letter.as_string() and held_back not in text
    assert [file.stat().st_mode & 0o777 for file in folder.iterdir()] == [0o600]
    assert send_due(world.airlock) == 0
    assert world.events("notice.") == ["notice.mailed"]


def test_a_folder_that_cannot_be_written_is_tried_again(told: AirlockWorld, clock: MovingClock) -> None:
    folder = told.airlock.settings.folder.mail
    folder.parent.mkdir(exist_ok=True)
    if folder.exists():
        folder.rmdir()
    folder.write_text("in the way")
    assert (send_due(told.airlock), mails(told)) == (0, ["waiting"])
    folder.unlink()
    assert send_due(told.airlock) == 0, "its time has not come"
    clock.ahead = timedelta(minutes=2)
    assert (send_due(told.airlock), mails(told)) == (1, ["sent"])


def test_a_server_gets_each_letter_once(told: AirlockWorld, tmp_path: Path) -> None:
    with mail_server(tmp_path / "box") as port:
        world = with_settings(told, mail_port=port)
        assert [send_due(world.airlock), send_due(world.airlock)] == [1, 0]
    (letter,) = letters(tmp_path / "box")
    assert "Å table of 7 people" in letter.get_payload(decode=True).decode()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_password_goes_over_an_encrypted_and_checked_connection(
    told: AirlockWorld, tmp_path: Path, security: str
) -> None:
    pair, box = write_pair(tmp_path / "tls"), tmp_path / "box"
    box.mkdir()
    if security == "tls":
        (box / "implicit").touch()
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    with mail_server(box, pair=pair) as port:
        given = {"mail_port": port, "mail_security": security, "mail_user": USER, "mail_password_file": secret}
        stranger = with_settings(told, **given)  # the certificate is of nobody that this machine trusts
        assert send_due(stranger.airlock) == 0
        with told.store.transaction() as session:
            session.execute(update(Notice).values(mail_at=Notice.written_at))
        assert send_due(with_settings(told, **given, mail_ca_file=pair[0]).airlock) == 1
    assert len(letters(box)) == 1


def test_a_wrong_password_is_no_end(told: AirlockWorld, tmp_path: Path) -> None:
    pair = write_pair(tmp_path / "tls")
    with mail_server(tmp_path / "box", pair=pair) as port:
        given = {"mail_port": port, "mail_security": "starttls", "mail_user": USER, "mail_ca_file": pair[0]}
        world = with_settings(told, **given, mail_password=SecretStr("wrong"))
        assert send_due(world.airlock) == 0
    assert mails(told) == ["waiting"], "the settings can be mended"


@pytest.mark.parametrize(
    ("word", "end"),
    [
        ("refuse", "given-up"),
        ("unknown", "given-up"),
        ("later", "waiting"),
        ("nobody", "waiting"),
        ("drop", "unsure"),
        ("hang-up", "waiting"),
        ("closed", "given-up"),
    ],
)
def test_what_the_server_says_decides_whether_it_is_tried_again(
    told: AirlockWorld, tmp_path: Path, word: str, end: str
) -> None:
    with mail_server(tmp_path / "box", word) as port:
        world = with_settings(told, mail_port=port)
        assert send_due(world.airlock) == 0
        assert send_due(world.airlock) == 0
    assert mails(told) == [end]
    assert len(letters(tmp_path / "box")) == (word == "drop")


def test_a_silent_server_is_tried_with_growing_waits_and_then_given_up(told: AirlockWorld, clock: MovingClock) -> None:
    world = with_settings(told, mail_port=9, mail_seconds=1.0)  # the discard port: nobody listens
    tried = 0
    for minutes in (0, 1, 5, 21, 85, 341, 1365, 5461):
        clock.ahead = timedelta(minutes=minutes, seconds=30)
        send_due(world.airlock)
        with told.store.reading() as session:
            (row,) = session.scalars(select(Notice).where(Notice.subject == AUTHOR))
        assert row.mail_tries == (tried := tried + 1), "the wait was over"
        send_due(world.airlock)
    assert mails(told) == ["given-up"]


def test_a_sender_that_is_killed_with_a_letter_in_hand_never_sends_it_twice(told: AirlockWorld, tmp_path: Path) -> None:
    box = tmp_path / "box"
    with mail_server(box, "stall") as port:
        code = (
            "from egress.airlock import Airlock; from egress.mailing import send_due;"
            "from governance.settings import load_settings; from governance.store import open_store;"
            "settings = load_settings(); send_due(Airlock(open_store(settings), settings))"
        )
        given = {"SDE_MAIL_HOST": "127.0.0.1", "SDE_MAIL_PORT": str(port), "SDE_MAIL_SECURITY": "none"}
        with subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **given}) as process:
            deadline = time.monotonic() + 60
            while not list(box.glob("*.eml")) and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
    assert mails(told) == ["sending"]
    with mail_server(box) as port:
        world = with_settings(told, mail_port=port)
        assert send_due(world.airlock) == 0, "another sender leaves it alone"
        assert settle_interrupted(world.airlock) == 1
        assert send_due(world.airlock) == 0
    assert (mails(told), len(letters(box))) == (["unsure"], 1)
    assert told.events("notice.") == ["notice.mail-interrupted"]


def test_a_kill_between_file_and_register_leaves_one_file(told: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_write_end", _stop)
        with pytest.raises(KeyboardInterrupt):
            send_due(told.airlock)
    assert mails(told) == ["sending"]
    assert (settle_interrupted(told.airlock), settle_interrupted(told.airlock)) == (1, 0)
    assert send_due(told.airlock) == 1
    assert len(letters(told.airlock.settings.folder.mail)) == 1


def _stop(*given: object) -> None:
    raise KeyboardInterrupt


def test_a_round_ends_and_the_next_goes_on(told: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    set_mail_address(told.store, actor=ADMIN, subject=CHECKER, address=ADDRESS)
    told.submitted()
    monkeypatch.setattr(outbox, "MOST_IN_ROUND", 2)
    assert [send_due(told.airlock), send_due(told.airlock)] == [2, 1]


def test_two_senders_claim_a_letter_once(told: AirlockWorld) -> None:
    with told.store.reading() as session:
        (notice,) = session.scalars(select(Notice.id).where(Notice.mail == Mail.WAITING.value))
    assert outbox._claim(told.airlock, notice) is not None
    assert outbox._claim(told.airlock, notice) is None


def test_who_may_be_told_nothing_now_is_not_mailed(told: AirlockWorld) -> None:
    suspend_person(told.store, actor="service:test", subject=AUTHOR)
    assert (send_due(told.airlock), mails(told)) == (0, ["none"])


def test_an_address_taken_away_is_not_mailed_to(told: AirlockWorld) -> None:
    with told.store.transaction() as session:
        session.delete(session.get_one(MailAddress, AUTHOR))
    assert (send_due(told.airlock), mails(told)) == (0, ["none"])


def test_settings_that_would_show_the_password_are_refused(told: AirlockWorld, tmp_path: Path) -> None:
    (open_to_all := tmp_path / "password").write_text(PASSWORD)
    open_to_all.chmod(0o644)
    wrong: tuple[dict[str, Any], ...] = (
        {"mail_user": USER, "mail_password": SecretStr(PASSWORD)},
        {"mail_security": "tls", "mail_user": USER, "mail_password_file": open_to_all},
        {"mail_security": "tls", "mail_user": USER, "mail_password_file": tmp_path / "nothing"},
    )
    for given in wrong:
        with pytest.raises(Refusal) as refused:
            send_due(with_settings(told, **given).airlock)
        assert refused.value.code == "mail-settings"
        assert PASSWORD not in str(refused.value)
    assert mails(told) == ["waiting"]
    assert PASSWORD not in repr(with_settings(told, **wrong[0]).airlock)


def test_the_service_mails_and_the_page_shows_until_marked_read(told: AirlockWorld) -> None:
    with served(told) as gateway:
        folder, deadline = told.airlock.settings.folder.mail, time.monotonic() + 60
        while not list(folder.glob("*.eml")) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(letters(folder)) == 1
        _read_in_the_portal(gateway)


def _read_in_the_portal(gateway: ServedAirlock) -> None:
    for person, words in ((AUTHOR, told_of(Kind.SCREENED)), (CHECKER, told_of(Kind.QUEUED))):
        page = gateway.browser(person).open("/services/airlock/")
        assert words in page.text
        assert not page.press("Mark as read").has_button("Mark as read")
    assert told_of(Kind.QUEUED) in gateway.browser(SECOND).open("/services/airlock/").text
