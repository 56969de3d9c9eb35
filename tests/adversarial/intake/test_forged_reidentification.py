"""Whoever can write to the register, or holds one key of three, learns nobody's name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import text

from governance.clock import now
from governance.refusal import Refusal
from governance.registry import give_role, withdraw_role
from governance.registry.reidentification import find_request
from governance.registry.sealing_keys import enrol_sealing_key
from governance.settings import Settings
from governance.store.intake import ReidentificationRequest
from intake.reidentification import OwnKey, answer, approve, ask, make_own_key, open_own_key
from intake.reidentification.record import passed_on, read_open_request
from intake.reidentification.sealing import Sealed, Terms, pass_on, seal, unseal
from tests.support.reidentification_lab import (
    ASKING,
    CLINICIAN,
    KEYHOLDERS,
    OPERATOR,
    PROJECT,
    Lab,
    make_template,
    number_of,
    open_copy,
)

pytestmark = pytest.mark.slow  # whole extracts, built and copied


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, demo_template: Path) -> Lab:
    return make_template(tmp_path_factory.mktemp("lab") / "state", demo_template)


@pytest.fixture
def lab(template: Lab, settings: Settings) -> Iterator[Lab]:
    yield from open_copy(template, settings)


def edit(lab: Lab, sql: str, **values: object) -> None:
    """What an intruder with the register's file can do."""
    with lab.store.engine.begin() as connection:
        connection.execute(text(sql), values)


def filed(lab: Lab, person: int = 7) -> str:
    return ask(lab.settings, lab.store, lab.question(person), actor=OPERATOR)


def say_yes(lab: Lab, request: str, *keyholders: str) -> None:
    for keyholder in keyholders or KEYHOLDERS:
        approve(lab.settings, lab.store, request, lab.own[keyholder])


def refused(lab: Lab, request: str, own: OwnKey | None = None) -> str:
    with pytest.raises(Refusal) as found:
        answer(lab.settings, lab.store, request, own or lab.own[CLINICIAN])
    assert str(number_of(7)) not in str(found.value)
    return found.value.code


def row(lab: Lab, request: str) -> ReidentificationRequest:
    with lab.store.reading() as session:
        return find_request(session, request)


def test_a_state_written_by_hand_opens_nothing(lab: Lab) -> None:
    request = filed(lab)
    edit(lab, "UPDATE reidentification_request SET state = 'approved'")
    assert refused(lab, request) == "wrong-state"


@pytest.mark.parametrize("share", [b"", b"\0" * 80, b"x" * 80])
def test_approvals_written_by_hand_open_nothing(lab: Lab, share: bytes) -> None:
    request = filed(lab)
    for subject in KEYHOLDERS:
        edit(
            lab,
            "INSERT INTO reidentification_approval (request_id, subject, share, approved_at) VALUES (:r, :s, :h, :t)",
            r=request,
            s=subject,
            h=share,
            t=now().isoformat(" "),
        )
    edit(lab, "UPDATE reidentification_request SET state = 'approved'")
    assert refused(lab, request) == "request-tampered"


def test_one_keyholders_half_does_not_pass_for_two(lab: Lab) -> None:
    request = filed(lab)
    say_yes(lab, request, "keyholder-a")
    edit(
        lab,
        "INSERT INTO reidentification_approval (request_id, subject, share, approved_at) "
        "SELECT request_id, 'keyholder-b', share, approved_at FROM reidentification_approval",
    )
    edit(lab, "UPDATE reidentification_request SET state = 'approved'")
    assert refused(lab, request) == "request-tampered"


def test_a_keyholder_and_the_clinician_together_are_not_enough(lab: Lab) -> None:
    """With everything the register holds and two of the three keys."""
    request = filed(lab)
    say_yes(lab, request, "keyholder-a")
    with lab.store.reading() as session:
        terms, sealed = read_open_request(session, request, lab.own[CLINICIAN])
        [half] = passed_on(session, request)
    for halves in ([half], [half, half], [half, ("keyholder-b", half[1], half[2])], []):
        with pytest.raises(Refusal, match="request-tampered"):
            unseal(terms, sealed, lab.own[CLINICIAN], halves)
    for pretended in (lab.own["keyholder-a"], lab.own[CLINICIAN]):
        with pytest.raises(Refusal, match="request-tampered"):
            pass_on(terms, sealed, OwnKey("keyholder-b", pretended.private), now())


def test_both_keyholders_without_the_clinician_are_not_enough(lab: Lab) -> None:
    """They could read their halves, and so what was asked; but not make the gateway answer to anybody else."""
    request = filed(lab)
    say_yes(lab, request)
    for keyholder in KEYHOLDERS:
        assert refused(lab, request, lab.own[keyholder]) == "not-yours"
        assert refused(lab, request, OwnKey(CLINICIAN, lab.own[keyholder].private)) == "not-your-key"


CHANGES = {
    "clinician": "UPDATE reidentification_request SET clinician = 'checker-a'",
    "requester": "UPDATE reidentification_request SET requested_by = 'researcher-b'",
    "purpose": "UPDATE reidentification_request SET purpose = 'Something harmless'",
    "legal ground": "UPDATE reidentification_request SET legal_ground = 'court_order'",
    "project": "UPDATE reidentification_request SET project_slug = 'winter-pressure'",
    "how many": "UPDATE reidentification_request SET people = 2",
    "when": "UPDATE reidentification_request SET created_at = '2026-01-01 00:00:00.000000'",
    "keyholders": "UPDATE reidentification_request SET first_keyholder = second_keyholder, second_keyholder = 'x'",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_word_opens_nothing(lab: Lab, change: str) -> None:
    early, late = filed(lab), filed(lab)
    say_yes(lab, late)
    edit(lab, CHANGES[change])
    with pytest.raises(Refusal, match=r"request-tampered|not-yours|not-enrolled"):
        approve(lab.settings, lab.store, early, lab.own["keyholder-a"])
    assert refused(lab, late) in ("request-tampered", "not-yours", "not-enrolled")


def test_another_clinicians_key_cannot_be_slipped_in(lab: Lab) -> None:
    mine = OwnKey(CLINICIAN, X25519PrivateKey.generate())
    request = filed(lab)
    edit(lab, "UPDATE sealing_key SET public_key = :key WHERE subject = 'clinician'", key=mine.public_bytes)
    with pytest.raises(Refusal, match="not-enrolled"):
        approve(lab.settings, lab.store, request, lab.own["keyholder-a"])
    assert refused(lab, request, mine) == "not-enrolled"


def test_a_clinician_enrolled_anew_needs_a_new_request(lab: Lab) -> None:
    request = filed(lab)
    say_yes(lab, request, "keyholder-a")
    newer = OwnKey(CLINICIAN, X25519PrivateKey.generate())
    enrol_sealing_key(lab.store, actor=OPERATOR, subject=CLINICIAN, public_key=newer.public_bytes)
    with pytest.raises(Refusal, match="not-enrolled"):
        approve(lab.settings, lab.store, request, lab.own["keyholder-b"])
    assert refused(lab, request) == "not-your-key"
    assert refused(lab, request, newer) == "wrong-state"


def test_what_is_sealed_cannot_be_exchanged(lab: Lab) -> None:
    """An intruder seals pseudonyms of their own to the keyholders, under the terms that they trust."""
    request = filed(lab, 7)
    with lab.store.reading() as session:
        terms, _ = read_open_request(session, request, lab.own[CLINICIAN])
    forged = seal(terms, [lab.pseudonym(8)]).to_bytes()
    edit(lab, "UPDATE reidentification_request SET sealed = :s", s=forged)
    with pytest.raises(Refusal, match="request-tampered"):
        approve(lab.settings, lab.store, request, lab.own["keyholder-a"])


def test_an_answer_cannot_be_replayed(lab: Lab) -> None:
    request = filed(lab)
    say_yes(lab, request)
    before = row(lab, request).sealed
    with lab.store.reading() as session:
        halves = passed_on(session, request)
    answer(lab.settings, lab.store, request, lab.own[CLINICIAN])
    edit(lab, "UPDATE reidentification_request SET state = 'approved', ended_at = NULL, sealed = :s", s=before)
    for subject, _, share in halves:
        edit(lab, "UPDATE reidentification_approval SET share = :h WHERE subject = :s", h=share, s=subject)
    assert refused(lab, request) == "request-tampered"


def test_halves_do_not_fit_another_request(lab: Lab) -> None:
    """The clinician has two requests; one was approved."""
    one, other = filed(lab, 7), filed(lab, 8)
    say_yes(lab, one)
    edit(lab, "UPDATE reidentification_approval SET request_id = :o", o=other)
    edit(lab, "UPDATE reidentification_request SET state = 'approved' WHERE id = :o", o=other)
    assert refused(lab, other) == "request-tampered"


def test_a_role_lost_and_a_suspension_count_at_every_step(lab: Lab) -> None:
    request = filed(lab)
    withdraw_role(lab.store, actor=OPERATOR, subject="keyholder-b", role="keyholder")
    for step in (lambda: say_yes(lab, request, "keyholder-b"), lambda: say_yes(lab, request, "keyholder-a")):
        with pytest.raises(Refusal, match=r"role-missing|reidentification-closed"):
            step()
    give_role(lab.store, actor=OPERATOR, subject="keyholder-b", role="keyholder")
    say_yes(lab, request)
    edit(lab, "UPDATE person SET suspended_at = '2026-01-01' WHERE subject = :s", s=ASKING)
    assert refused(lab, request) in ("person-suspended", "not-a-member")
    edit(lab, "UPDATE person SET suspended_at = NULL")
    assert answer(lab.settings, lab.store, request, lab.own[CLINICIAN]).told[0].nhs_number == number_of(7)


TERMS = Terms("r1", PROJECT, ASKING, CLINICIAN, KEYHOLDERS, "direct_care", "why", 1, now().isoformat(), "", ("", ""))


def _keys() -> tuple[OwnKey, OwnKey, OwnKey]:
    return tuple(OwnKey(subject, X25519PrivateKey.generate()) for subject in (CLINICIAN, *KEYHOLDERS))


def test_every_flipped_byte_is_noticed() -> None:
    clinician, one, other = _keys()
    terms = replace(
        TERMS,
        clinician_key=clinician.public_bytes.hex(),
        keyholder_keys=(one.public_bytes.hex(), other.public_bytes.hex()),
    )
    sealed, at = seal(terms, [4611686018427387904]), now()

    def read(changed: Sealed) -> tuple[int, ...]:
        passed = [(key.subject, at, pass_on(terms, changed, key, at)) for key in (one, other)]
        return unseal(terms, changed, clinician, passed)

    assert read(sealed) == (4611686018427387904,)
    assert Sealed.from_bytes(sealed.to_bytes()) == sealed
    for place in range(len(sealed.body)):
        with pytest.raises(Refusal, match="request-tampered"):
            read(replace(sealed, body=_flip(sealed.body, place)))
    for place in range(len(sealed.halves[0])):
        with pytest.raises(Refusal, match="request-tampered"):
            read(replace(sealed, halves=(_flip(sealed.halves[0], place), sealed.halves[1])))
    with pytest.raises(Refusal, match="request-tampered"):
        read(replace(sealed, halves=(sealed.halves[1], sealed.halves[0])))
    passed = [(key.subject, at, pass_on(terms, sealed, key, at)) for key in (one, other)]
    moved = [(subject, at + timedelta(hours=1), half) for subject, _, half in passed]
    with pytest.raises(Refusal, match="request-tampered"):
        unseal(terms, sealed, clinician, moved)


@pytest.mark.parametrize("written", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"halves": ["!", "?"]}'])
def test_something_else_than_a_sealed_request_is_refused(written: bytes) -> None:
    with pytest.raises(Refusal, match="request-tampered"):
        Sealed.from_bytes(written)


def test_two_sealings_of_the_same_look_unrelated() -> None:
    clinician, one, other = _keys()
    terms = replace(
        TERMS,
        clinician_key=clinician.public_bytes.hex(),
        keyholder_keys=(one.public_bytes.hex(), other.public_bytes.hex()),
    )
    first, second = seal(terms, [1, 2]), seal(terms, [1, 2])
    assert first.body != second.body
    assert not set(first.halves) & set(second.halves)


def test_a_key_file_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    file = tmp_path / "own"
    own = make_own_key(file, CLINICIAN, "correct horse battery")
    assert open_own_key(file, "correct horse battery").public_bytes == own.public_bytes
    assert own.private.private_bytes_raw().hex() not in file.read_text()
    assert "private" not in repr(own)
    document = json.loads(file.read_text())
    for passphrase, change in (("correct horse batter", {}), ("correct horse battery", {"subject": "keyholder-a"})):
        file.write_text(json.dumps({**document, **change}))
        with pytest.raises(Refusal, match="own-key-unreadable"):
            open_own_key(file, passphrase)
    for written in ("", "[]", "{}", json.dumps({**document, "salt": 1}), json.dumps({**document, "sealed": "00"})):
        file.write_text(written)
        with pytest.raises(Refusal, match="own-key-unreadable"):
            open_own_key(file, "correct horse battery")
    with pytest.raises(Refusal, match="file-exists"):
        make_own_key(file, CLINICIAN, "correct horse battery")


def _flip(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
