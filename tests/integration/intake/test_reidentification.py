"""The whole way back, with real keys, a real extract and a real spine: two keyholders, one clinician, one answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from governance.audit import read_events
from governance.refusal import Refusal
from governance.registry.reidentification_states import MOST_PEOPLE, State
from governance.registry.reidentification_views import list_requests, show_request
from governance.settings import Settings
from intake.keys import FileKeyStore
from intake.keys.ending import rotate_keys
from intake.optouts.loading import load_opt_outs
from intake.places import IntakePlaces
from intake.reidentification import Told, answer, approve, ask
from tests.support.moving_clock import MovingClock
from tests.support.reidentification_lab import (
    ASKING,
    CLINICIAN,
    KEYHOLDERS,
    OPERATOR,
    OTHER_PROJECT,
    PEOPLE,
    PROJECT,
    Lab,
    make_template,
    number_of,
    open_copy,
    spine_id,
)

pytestmark = pytest.mark.slow  # whole extracts, built and copied


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, demo_template: Path) -> Lab:
    return make_template(tmp_path_factory.mktemp("lab") / "state", demo_template)


@pytest.fixture
def lab(template: Lab, settings: Settings) -> Iterator[Lab]:
    yield from open_copy(template, settings)


def approved(lab: Lab, *people: int) -> str:
    request = ask(lab.settings, lab.store, lab.question(*people), actor=OPERATOR)
    for keyholder in KEYHOLDERS:
        approve(lab.settings, lab.store, request, lab.own[keyholder])
    return request


def tell(lab: Lab, request: str) -> dict[int, int | None]:
    told = answer(lab.settings, lab.store, request, lab.own[CLINICIAN]).told
    return {one.pseudonym: one.nhs_number for one in told}


def state(lab: Lab, request: str) -> State:
    with lab.store.reading() as session:
        return show_request(session, request).state


def test_two_keyholders_and_the_clinician_learn_who_it_is_once(lab: Lab) -> None:
    request = approved(lab, 7, 9)
    assert tell(lab, request) == {lab.pseudonym(7): number_of(7), lab.pseudonym(9): number_of(9)}
    assert state(lab, request) is State.ANSWERED
    with pytest.raises(Refusal, match="request-ended"):
        tell(lab, request)


def test_a_person_merged_since_is_found_under_the_number_of_now(lab: Lab) -> None:
    assert tell(lab, approved(lab, PEOPLE + 1)) == {lab.pseudonym(PEOPLE + 1): number_of(1)}


def test_somebody_the_spine_no_longer_knows_is_not_told(lab: Lab) -> None:
    request = approved(lab, 3, 4)
    with duckdb.connect(str(IntakePlaces.of(lab.settings).spine)) as spine:
        spine.execute("DELETE FROM person WHERE person_id = ?", [spine_id(3)])
    assert tell(lab, request) == {lab.pseudonym(3): None, lab.pseudonym(4): number_of(4)}


def test_who_objected_to_the_use_of_a_feed_for_their_own_care_is_not_told(lab: Lab, tmp_path: Path) -> None:
    """Objected after the request was approved; a Type 1 opt-out is about research and does not stand in the way."""
    request = approved(lab, 3, 4, 5, PEOPLE + 1)
    lines = [f"{number_of(3)},gdpr_objection,gp,upheld,2025-01-01,", f"{number_of(4)},type_1,,active,2025-01-01,"]
    lines.append(f"{number_of(PEOPLE + 1)},gdpr_objection,hospital,upheld,2025-01-01,")  # under a number of before
    file = tmp_path / "opt-outs.csv"
    file.write_text("nhs_number,kind,controller,status,from,to\n" + "".join(f"{line}\n" for line in lines))
    load_opt_outs(lab.settings, lab.store, file, actor=OPERATOR)
    told = tell(lab, request)
    assert [told[lab.pseudonym(person)] for person in (3, 4, 5, PEOPLE + 1)] == [None, number_of(4), number_of(5), None]


def test_without_readable_opt_outs_nobody_is_told(lab: Lab) -> None:
    request = approved(lab, 3)
    IntakePlaces.of(lab.settings).opt_outs.write_bytes(b"not a database")
    with pytest.raises(Refusal, match=r"opt-outs"):
        tell(lab, request)
    assert state(lab, request) is State.APPROVED


def test_a_rotated_key_does_not_change_who_stands_behind_the_extract_in_force(lab: Lab) -> None:
    pseudonym = lab.pseudonym(5)
    request = approved(lab, 5)
    rotate_keys(lab.store, FileKeyStore(lab.settings.folder.keys), PROJECT, actor=OPERATOR)
    assert lab.pseudonym(5) != pseudonym
    assert tell(lab, request) == {pseudonym: number_of(5)}


def test_nothing_is_left_of_it_on_disk_or_in_the_audit_chain(lab: Lab) -> None:
    request = approved(lab, 7)
    tell(lab, request)
    lab.store.close()
    secrets = (str(lab.pseudonym(7)).encode(), str(number_of(7)).encode())
    for file in lab.settings.folder.root.rglob("*"):
        if file.is_file() and file.suffix != ".duckdb":
            assert not [secret for secret in secrets if secret in file.read_bytes()], file
    with lab.store.reading() as session:
        said = [event.detail for event in read_events(session) if event.event.startswith("reidentification.")]
    assert json.loads(said[-1]) == {"request": request, "answered": 1, "withheld": 0}


@pytest.mark.parametrize("missing", ["spine", "extract", "key"])
def test_what_cannot_be_answered_now_stays_asked(lab: Lab, missing: str) -> None:
    request = approved(lab, 7)
    file = {
        "spine": IntakePlaces.of(lab.settings).spine,
        "extract": lab.database(),
        "key": lab.settings.folder.keys / f"{PROJECT}.person.key",
    }[missing]
    aside = file.rename(file.with_suffix(".aside"))
    with pytest.raises(Refusal, match=r"no-spine|extract-damaged|key-missing"):
        tell(lab, request)
    assert state(lab, request) is State.APPROVED
    aside.rename(file)
    assert tell(lab, request)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("not-in-extract", {"pseudonyms": (1,)}),
        ("not-in-extract", {"pseudonyms": (0, -1)}),
        ("too-many-people", {"pseudonyms": tuple(range(MOST_PEOPLE + 1))}),
        ("too-many-people", {"pseudonyms": ()}),
        ("keyholders-not-two", {"keyholders": ("keyholder-a",)}),
        ("keyholders-not-two", {"keyholders": ("keyholder-a", "keyholder-a")}),
        ("clinician-not-apart", {"clinician": ASKING}),
        ("no-extract", {"project": "dementia-nation"}),
    ],
)
def test_questions_that_are_not_taken(lab: Lab, code: str, changes: dict[str, object]) -> None:
    with pytest.raises(Refusal, match=code) as refused:
        ask(lab.settings, lab.store, lab.question(7, **changes), actor=OPERATOR)
    assert str(lab.pseudonym(7)) not in str(refused.value)
    with lab.store.reading() as session:
        assert list_requests(session) == []


def test_another_projects_pseudonym_is_not_taken(lab: Lab) -> None:
    theirs = lab.pseudonym(7, OTHER_PROJECT)
    assert theirs != lab.pseudonym(7)
    with pytest.raises(Refusal, match="not-in-extract"):
        ask(lab.settings, lab.store, lab.question(pseudonyms=(theirs,)), actor=OPERATOR)


def test_time_counts_by_the_moment_that_was_sealed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy import text

    clock = MovingClock()
    clock.install(monkeypatch)
    request = approved(lab, 7)
    clock.ahead = timedelta(hours=lab.settings.reidentification_hours, minutes=1)
    with lab.store.engine.begin() as connection:
        connection.execute(text("UPDATE reidentification_request SET expires_at = '2099-01-01'"))
    with pytest.raises(Refusal, match="request-ended"):
        tell(lab, request)


def test_what_is_told_prints_nothing_by_itself() -> None:
    assert repr(Told(17, 9990000018)) == "Told()"


def test_the_whole_way_by_command_line(lab: Lab, tmp_path: Path) -> None:
    secret = "correct horse battery"

    def sde(*arguments: str, said: str = secret, code: int = 0) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "sde"), "reidentify", *arguments],
            input=said,
            capture_output=True,
            text=True,
            env={**os.environ},
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    for subject in (*KEYHOLDERS, CLINICIAN):
        sde("enrol", subject, "--key", str(tmp_path / subject), said=f"{secret}\n")
        assert (tmp_path / subject).stat().st_mode & 0o777 == 0o600
    assert "passphrase-too-short" in sde("enrol", CLINICIAN, "--key", str(tmp_path / "n"), said="short\n", code=1)
    pseudonym = str(lab.pseudonym(11))
    asked = ("request", PROJECT, "--as", ASKING, "--clinician", CLINICIAN, "--ground", "direct_care")
    done = sde(*asked, "--purpose", "A result that nobody has acted upon.", said=f"{pseudonym}\n")
    request = done.split()[1].rstrip(":")
    assert pseudonym not in sde("list")
    assert "own-key-unreadable" in sde("approve", request, "--key", str(tmp_path / "keyholder-a"), said="no\n", code=1)
    for subject in KEYHOLDERS:
        sde("approve", request, "--key", str(tmp_path / subject), said=f"{secret}\n")
    told = sde("answer", request, "--key", str(tmp_path / CLINICIAN), said=f"{secret}\n")
    assert told.split() == [pseudonym, str(number_of(11))]
    assert "request-ended" in sde("answer", request, "--key", str(tmp_path / CLINICIAN), said=f"{secret}\n", code=1)
