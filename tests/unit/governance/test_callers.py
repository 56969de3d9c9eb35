"""(channel, token) -> caller: one text for every failure, the register's refusal for an approval that ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
import structlog

from governance import callers, registry
from governance.callers import Caller, CallerIdentifier
from governance.channels import close_channel, open_channel
from governance.clock import today
from governance.refusal import Refusal
from governance.store import Store
from governance.store.channels import Channel

WHO, WHERE, TOKEN = "researcher-a", "gi-bleed", "a-token-of-the-hub"
SERVER = frozenset({f"{WHO}/{WHERE}"})


class Hub:
    """A hub that answers as told, and counts."""

    def __init__(self, answer: object = SERVER) -> None:
        self.answer = answer
        self.asked = 0

    def __call__(self, token: str) -> frozenset[str]:
        self.asked += 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        if callable(self.answer):
            return self.answer()  # type: ignore[no-any-return]
        return self.answer  # type: ignore[return-value]


@pytest.fixture
def channel(demo_register: Store) -> str:
    return open_channel(demo_register, subject=WHO, project=WHERE, token=TOKEN)


def code_of(identifier: CallerIdentifier, channel: str, token: str) -> str:
    with pytest.raises(Refusal) as refused:
        identifier.identify(channel, token)
    if refused.value.code == "unknown-channel":
        assert str(refused.value) == str(callers.unknown_channel()), "one text for every failure"
    return refused.value.code


def test_channel_and_token_make_a_caller(demo_register: Store, channel: str) -> None:
    hub = Hub()
    identifier = CallerIdentifier(demo_register, hub)
    assert identifier.identify(channel, TOKEN) == Caller(WHO, WHERE, channel)
    assert identifier.identify(channel, TOKEN) == Caller(WHO, WHERE, channel)
    assert hub.asked == 1, "the hub's answer is believed for a moment"


@pytest.mark.parametrize(
    ("which", "token"),
    [
        ("", TOKEN),
        ("0" * 32, TOKEN),
        ("'; DROP TABLE channel; --", TOKEN),
        ("\udcff", TOKEN),
        (None, ""),
        (None, TOKEN + " "),
        (None, TOKEN.upper()),
        (None, "\udcff"),
        (None, "\x00"),
    ],
)
def test_a_wrong_channel_or_token_is_nobody(demo_register: Store, channel: str, which: str | None, token: str) -> None:
    hub = Hub()
    assert (
        code_of(CallerIdentifier(demo_register, hub), channel if which is None else which, token) == "unknown-channel"
    )
    assert hub.asked == 0, "the hub is not asked about strangers"


@pytest.mark.parametrize(
    "answer",
    [
        frozenset(),
        frozenset({f"{WHO}/respiratory"}),
        frozenset({f"researcher-b/{WHERE}"}),
        SERVER | {f"{WHO}/respiratory"},
        Refusal("something-else", "The hub says a secret.", "secret"),
        ConnectionError("secret"),
        RuntimeError("secret"),
    ],
    ids=lambda reach: ",".join(sorted(reach)) if isinstance(reach, frozenset) else type(reach).__name__,
)
def test_a_token_must_reach_exactly_this_server(demo_register: Store, channel: str, answer: object) -> None:
    with structlog.testing.capture_logs() as logs:
        assert code_of(CallerIdentifier(demo_register, Hub(answer)), channel, TOKEN) == "unknown-channel"
    assert "secret" not in str(logs)
    assert logs[0]["event"] == "caller.refused"


def test_a_failure_is_not_remembered(demo_register: Store, channel: str) -> None:
    hub = Hub(ConnectionError())
    identifier = CallerIdentifier(demo_register, hub)
    assert code_of(identifier, channel, TOKEN) == "unknown-channel"
    hub.answer = SERVER
    assert identifier.identify(channel, TOKEN).subject == WHO


def test_the_hubs_answer_is_asked_anew_in_time(
    demo_register: Store, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub()
    identifier = CallerIdentifier(demo_register, hub)
    identifier.identify(channel, TOKEN)
    monkeypatch.setattr(callers, "INTROSPECTION_SECONDS", 0.0)
    hub.answer = frozenset()
    assert code_of(identifier, channel, TOKEN) == "unknown-channel"
    assert hub.asked == 2


def test_the_memory_is_bounded(demo_register: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "MOST_REMEMBERED", 3)
    identifier = CallerIdentifier(demo_register, Hub())
    for number in range(10):
        opened = open_channel(demo_register, subject=WHO, project=WHERE, token=f"{TOKEN}{number}")
        identifier.identify(opened, f"{TOKEN}{number}")
    assert len(identifier._memory._answers) == 3


def test_a_closed_channel_is_nobody_at_once(demo_register: Store, channel: str) -> None:
    identifier = CallerIdentifier(demo_register, Hub())
    identifier.identify(channel, TOKEN)
    close_channel(demo_register, channel)
    assert code_of(identifier, channel, TOKEN) == "unknown-channel"


def test_a_channel_closed_while_the_hub_is_asked_is_nobody(demo_register: Store, channel: str) -> None:
    def answer_slowly() -> frozenset[str]:
        close_channel(demo_register, channel)  # possible because no session is held meanwhile
        return SERVER

    assert code_of(CallerIdentifier(demo_register, Hub(answer_slowly)), channel, TOKEN) == "unknown-channel"


def test_an_operators_channel_needs_no_hub_but_its_token(demo_register: Store) -> None:
    hub = Hub(RuntimeError())
    opened = open_channel(demo_register, subject=WHO, project=WHERE, token=TOKEN, kind="operator")
    identifier = CallerIdentifier(demo_register, hub)
    assert identifier.identify(opened, TOKEN) == Caller(WHO, WHERE, opened)
    assert code_of(identifier, opened, "other") == "unknown-channel"
    assert hub.asked == 0


def test_a_channel_of_an_unknown_kind_is_nobody(demo_register: Store, channel: str) -> None:
    with demo_register.transaction() as session:
        session.get_one(Channel, channel).kind = "postman"
    assert code_of(CallerIdentifier(demo_register, Hub()), channel, TOKEN) == "unknown-channel"


def test_the_register_is_asked_every_time(demo_register: Store, channel: str) -> None:
    identifier = CallerIdentifier(demo_register, Hub())
    identifier.identify(channel, TOKEN)
    with demo_register.transaction() as session:
        from governance.store.people import Person

        (held,) = session.get_one(Person, WHO).affiliations
        held.organisation.agreements[0].until = today() - timedelta(days=1)
    assert code_of(identifier, channel, TOKEN) == "organisation-expired"


def test_suspension_cuts_the_very_next_call(demo_register: Store, channel: str) -> None:
    identifier = CallerIdentifier(demo_register, Hub())
    identifier.identify(channel, TOKEN)
    registry.suspend_person(demo_register, actor="operator:x", subject=WHO)
    assert code_of(identifier, channel, TOKEN) == "unknown-channel"


def test_a_register_that_fails_identifies_nobody(
    demo_register: Store, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("a disk that fails")

    monkeypatch.setattr(callers, "check_member_in_force", fail)
    assert code_of(CallerIdentifier(demo_register, Hub()), channel, TOKEN) == "unknown-channel"
