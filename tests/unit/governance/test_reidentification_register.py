"""Requests for re-identification in the register: parts apart, one step at a time, emptied at the end, all audited."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from governance.audit import read_events
from governance.clock import now
from governance.refusal import Refusal
from governance.registry import give_role, withdraw_role
from governance.registry.reidentification import (
    Asked,
    answer_request,
    approvals,
    approve_request,
    expire_requests,
    file_request,
    find_request,
    refuse_request,
    withdraw_request,
)
from governance.registry.reidentification_states import MOST_PEOPLE, MOST_REQUESTS_A_DAY, TRANSITIONS, State
from governance.registry.reidentification_views import is_as_recorded, list_requests, show_request
from governance.registry.sealing_keys import enrol_sealing_key, keyholders, sealing_key
from governance.store import Store
from tests.support.moving_clock import MovingClock

OPERATOR = "operator:test"
PROJECT, ASKING = "diabetes-care", "researcher-c"
KEYHOLDERS = ("keyholder-a", "keyholder-b")
HOURS = 72


@pytest.fixture
def open_register(demo_register: Store) -> Store:
    for number, subject in enumerate((*KEYHOLDERS, "clinician"), start=1):
        enrol_sealing_key(demo_register, actor=OPERATOR, subject=subject, public_key=bytes([number] * 32))
    return demo_register


def asked(request_id: str = "r1", **changes: object) -> Asked:
    given: dict[str, object] = {
        "id": request_id,
        "project": PROJECT,
        "requested_by": ASKING,
        "clinician": "clinician",
        "keyholders": KEYHOLDERS,
        "legal_ground": "direct_care",
        "purpose": "A result of 2026-11-22 that nobody has acted upon.",
        "people": 1,
        "sealed": b"sealed",
        "created_at": now(),
    }
    return Asked(**{**given, **changes})  # type: ignore[arg-type]


def file(store: Store, request_id: str = "r1", actor: str = OPERATOR, **changes: object) -> None:
    file_request(store, actor=actor, asked=asked(request_id, **changes), hours=HOURS)


def approve(store: Store, subject: str, request_id: str = "r1") -> State:
    return approve_request(store, subject=subject, request_id=request_id, share=b"half", at=now(), hours=HOURS)


def state(store: Store, request_id: str = "r1") -> State:
    with store.reading() as session:
        return show_request(session, request_id).state


def test_it_is_closed_until_two_keyholders_have_keys(demo_register: Store) -> None:
    with pytest.raises(Refusal, match="reidentification-closed"):
        file(demo_register)
    enrol_sealing_key(demo_register, actor=OPERATOR, subject="keyholder-a", public_key=b"a" * 32)
    enrol_sealing_key(demo_register, actor=OPERATOR, subject="clinician", public_key=b"c" * 32)
    with pytest.raises(Refusal, match="reidentification-closed"):
        file(demo_register)
    with demo_register.reading() as session:
        assert keyholders(session) == ("keyholder-a",), "a clinician's key makes no keyholder"


def test_the_whole_way_is_audited_and_leaves_nothing_sealed(open_register: Store) -> None:
    file(open_register)
    assert approve(open_register, "keyholder-b") is State.APPROVED_BY_ONE
    assert approve(open_register, "keyholder-a") is State.APPROVED
    answer_request(open_register, subject="clinician", request_id="r1", answered=1, withheld=0)
    with open_register.reading() as session:
        events = [event for event in read_events(session) if event.event.startswith("reidentification.")]
        assert find_request(session, "r1").sealed == b""
        assert [held.share for held in approvals(session, "r1")] == [b"", b""]
    names = [event.event.split(".")[1] for event in events]
    assert names == ["enrolled"] * 3 + ["requested", "approved", "approved", "answered"]
    assert [event.actor for event in events[-3:]] == ["keyholder-b", "keyholder-a", "clinician"]
    for action in (
        lambda: answer_request(open_register, subject="clinician", request_id="r1", answered=1, withheld=0),
        lambda: approve(open_register, "keyholder-a"),
        lambda: withdraw_request(open_register, actor=OPERATOR, subject=ASKING, request_id="r1"),
    ):
        with pytest.raises(Refusal, match="wrong-state"):
            action()


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("keyholders-not-two", {"keyholders": ("keyholder-a", "keyholder-a")}),
        ("keyholder-not-apart", {"requested_by": "keyholder-a"}),
        ("keyholder-not-apart", {"clinician": "keyholder-b"}),
        ("role-missing", {"keyholders": ("keyholder-a", "admin")}),
        ("clinician-not-apart", {"clinician": ASKING}),
        ("not-a-member", {"requested_by": "researcher-a"}),
        ("not-registered", {"clinician": "outsider"}),
        ("not-enrolled", {"clinician": "checker-a"}),
        ("no-such-project", {"requested_by": "steward", "project": "nowhere"}),
        ("unknown-legal-ground", {"legal_ground": "curiosity"}),
        ("number-in-text", {"purpose": "Tell me who 943 476 5919 is"}),
        ("number-in-text", {"purpose": "Tell me who 4611686018427387904 is"}),
        ("number-in-text", {"purpose": "943\n476 - 5919"}),
        ("bad-name", {"purpose": " "}),
        ("too-many-people", {"people": MOST_PEOPLE + 1}),
        ("too-many-people", {"people": 0}),
    ],
)
def test_parts_that_are_not_apart_or_not_in_force_are_refused(
    open_register: Store, code: str, changes: dict[str, object]
) -> None:
    if changes.get("requested_by") == "keyholder-a":
        give_role(open_register, actor=OPERATOR, subject="keyholder-a", role="data_steward")
    with pytest.raises(Refusal, match=code):
        file(open_register, **changes)
    with open_register.reading() as session:
        assert list_requests(session) == []


def test_nobody_files_or_refuses_for_somebody_else(open_register: Store) -> None:
    with pytest.raises(Refusal, match="not-yours"):
        file(open_register, actor="admin")
    file(open_register, actor=ASKING)
    with pytest.raises(Refusal, match="not-yours"):
        refuse_request(open_register, actor="admin", subject="keyholder-a", request_id="r1", reason="no")
    with pytest.raises(Refusal, match="not-yours"):
        refuse_request(open_register, actor=OPERATOR, subject="steward", request_id="r1", reason="no")
    for subject in (ASKING, "clinician", "steward", "admin", "nobody"):
        with pytest.raises(Refusal, match="not-yours"):
            approve(open_register, subject)
    with pytest.raises(Refusal, match="role-missing"):
        withdraw_request(open_register, actor=OPERATOR, subject="clinician", request_id="r1")
    assert state(open_register) is State.REQUESTED


def test_one_keyholder_is_not_two(open_register: Store) -> None:
    file(open_register)
    approve(open_register, "keyholder-a")
    with pytest.raises(Refusal, match="approved-already"):
        approve(open_register, "keyholder-a")
    with pytest.raises(Refusal, match="wrong-state"):
        answer_request(open_register, subject="clinician", request_id="r1", answered=1, withheld=0)


def test_a_role_lost_in_between_stops_it(open_register: Store) -> None:
    file(open_register)
    approve(open_register, "keyholder-a")
    approve(open_register, "keyholder-b")
    withdraw_role(open_register, actor=OPERATOR, subject="keyholder-a", role="keyholder")
    with pytest.raises(Refusal, match="reidentification-closed"):
        answer_request(open_register, subject="clinician", request_id="r1", answered=1, withheld=0)
    assert state(open_register) is State.APPROVED


@pytest.mark.parametrize("approvers", [(), KEYHOLDERS[:1], KEYHOLDERS])
def test_time_ends_a_request_wherever_it_is(
    open_register: Store, monkeypatch: pytest.MonkeyPatch, approvers: tuple[str, ...]
) -> None:
    clock = MovingClock()
    clock.install(monkeypatch)
    file(open_register)
    for subject in approvers:
        approve(open_register, subject)
    clock.ahead = timedelta(hours=HOURS - 1)
    assert expire_requests(open_register) == 0
    clock.ahead = timedelta(hours=HOURS, seconds=10)
    with pytest.raises(Refusal, match="wrong-state"):
        if len(approvers) == 2:
            answer_request(open_register, subject="clinician", request_id="r1", answered=1, withheld=0)
        else:
            approve(open_register, "keyholder-b")
    with open_register.reading() as session:
        view = show_request(session, "r1")
        assert (view.state, find_request(session, "r1").sealed) == (State.EXPIRED, b"")
    assert expire_requests(open_register) == 0


def test_a_project_asks_few_times_a_day(open_register: Store) -> None:
    for number in range(MOST_REQUESTS_A_DAY):
        file(open_register, f"r{number}")
    withdraw_request(open_register, actor=ASKING, subject=ASKING, request_id="r0")
    with pytest.raises(Refusal, match="too-many-requests"):
        file(open_register, "one-more")


def test_refusing_and_withdrawing_end_it(open_register: Store) -> None:
    for name in ("refused", "withdrawn", "by-steward"):
        file(open_register, name)
    with pytest.raises(Refusal, match="number-in-text"):
        refuse_request(
            open_register, actor="keyholder-a", subject="keyholder-a", request_id="refused", reason="9434765919"
        )
    refuse_request(open_register, actor="keyholder-a", subject="keyholder-a", request_id="refused", reason="No need.")
    withdraw_request(open_register, actor=ASKING, subject=ASKING, request_id="withdrawn")
    withdraw_request(open_register, actor="steward", subject="steward", request_id="by-steward")
    assert [state(open_register, name) for name in ("refused", "withdrawn", "by-steward")] == [
        State.REFUSED,
        State.WITHDRAWN,
        State.WITHDRAWN,
    ]


def test_whom_a_request_waits_for(open_register: Store) -> None:
    file(open_register)
    approve(open_register, "keyholder-a")

    def waiting() -> set[str]:
        with open_register.reading() as session:
            view = show_request(session, "r1")
            assert is_as_recorded(session, "r1")
            assert list_requests(session, subject="clinician") == [view]
            assert list_requests(session, subject="researcher-a") == []
        return {who for who in ("keyholder-a", "keyholder-b", "clinician", ASKING) if view.waits_for(who)}

    assert waiting() == {"keyholder-b"}
    approve(open_register, "keyholder-b")
    assert waiting() == {"clinician"}


def test_what_is_sealed_cannot_be_exchanged_unseen(open_register: Store) -> None:
    file(open_register)
    with open_register.engine.begin() as connection:
        connection.execute(text("UPDATE reidentification_request SET sealed = x'00'"))
    with open_register.reading() as session:
        assert not is_as_recorded(session, "r1")


def test_a_key_put_in_past_the_chain_is_not_believed(open_register: Store) -> None:
    with open_register.engine.begin() as connection:
        connection.execute(text("UPDATE sealing_key SET public_key = :mine"), {"mine": b"m" * 32})
    with open_register.reading() as session:
        with pytest.raises(Refusal, match="not-enrolled"):
            sealing_key(session, "clinician")
        assert keyholders(session) == ()


@pytest.mark.parametrize("key", [b"", b"k" * 31, bytes(32)])
def test_a_key_has_a_key_s_form(demo_register: Store, key: bytes) -> None:
    with pytest.raises(Refusal, match="bad-sealing-key"):
        enrol_sealing_key(demo_register, actor=OPERATOR, subject="keyholder-a", public_key=key)


def test_nobody_enrols_themselves(demo_register: Store) -> None:
    with pytest.raises(Refusal, match="own-approval"):
        enrol_sealing_key(demo_register, actor="admin", subject="admin", public_key=b"k" * 32)


def test_every_state_but_the_open_ones_is_an_end() -> None:
    ends = {State.ANSWERED, State.REFUSED, State.EXPIRED, State.WITHDRAWN}
    assert {row.source for row in TRANSITIONS} == {None, *set(State) - ends}
    assert len({(row.source, row.action) for row in TRANSITIONS}) == len(TRANSITIONS)


def test_no_event_holds_a_number_as_long_as_a_pseudonym(open_register: Store) -> None:
    file(open_register)
    with open_register.reading() as session:
        for event in read_events(session):
            if event.event.startswith("reidentification."):
                detail = {
                    k: v for k, v in json.loads(event.detail).items() if k not in ("sealed_sha256", "fingerprint")
                }
                assert not any(len(word) > 9 and word.isdigit() for word in json.dumps(detail).split('"'))
