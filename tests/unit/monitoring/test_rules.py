"""Each rule raises its alarm at its threshold, once in its window, about the right one; reviews are on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from governance.audit import append_event, verify_chain
from governance.audit.chain import read_events
from governance.monitoring import (
    CHAIN_BROKEN,
    RULES,
    AlarmState,
    close_alarm,
    evaluate,
    list_alarms,
    look_at_alarm,
    raise_alarm,
)
from governance.monitoring_settings import MonitoringSettings
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from governance.store.monitoring import MonitoringMark

NOON = datetime(2030, 1, 10, 12, tzinfo=UTC)
NIGHT = NOON.replace(hour=2)
WHO = {"actor": "researcher-a", "project": "gi-bleed"}
MEMBER = {"event": "member.added", "actor": "admin", "project": "gi-bleed", "detail": {"subject": "researcher-a"}}
#: rule -> the event that counts, how many are one too few, when
COUNTED = {
    "many-refusals": ({"event": "query.refused", **WHO}, 39, NOON, "researcher-a"),
    "near-questions": (
        {"event": "query.refused", **WHO, "detail": {"code": "too-many-near-questions"}}, 2, NOON, "researcher-a",
    ),
    "combined-questions": ({"event": "query.alarm", "actor": "operator:x"}, 0, NOON, "operator:x"),
    "byte-peak": (
        {"event": "workspace.traffic-alarm", "actor": "service:edge", "detail": {"subject": "researcher-b"}},
        0, NOON, "researcher-b",
    ),
    "odd-hours": ({"event": "query.answered", **WHO}, 19, NIGHT, "researcher-a"),
    "failed-sign-ins": ({"event": "person.sign-in-refused", "actor": "stranger"}, 4, NOON, "stranger"),
    "kill-switch": ({"event": "stop.stopped", "actor": "admin"}, 0, NOON, "admin"),
}  # fmt: skip


class World:
    """A register whose events happen when the test says."""

    def __init__(self, store: Store, settings: Settings, patch: pytest.MonkeyPatch) -> None:
        self.store, self.settings, self.patch = store, settings, patch
        evaluate(store, settings)  # the register's own first event
        with store.transaction() as session:
            session.execute(update(MonitoringMark).values(seq=1))

    def happen(self, at: datetime, event: dict[str, object], times: int = 1, apart: float = 1.0) -> datetime:
        with self.store.transaction() as session:
            for number in range(times):
                moment = at + timedelta(seconds=number * apart)
                self.patch.setattr("governance.audit.chain.now", lambda moment=moment: moment)
                append_event(session, **event)  # type: ignore[arg-type]
        return moment

    def raised(self) -> list[tuple[str, str]]:
        numbers = evaluate(self.store, self.settings)
        with self.store.reading() as session:
            return [(one.rule, one.about) for one in list_alarms(session) if one.number in numbers]


@pytest.fixture
def world(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(store, settings, monkeypatch)


@pytest.mark.parametrize("rule", COUNTED)
def test_a_rule_raises_at_its_threshold_and_once_in_its_window(world: World, rule: str) -> None:
    event, too_few, at, about = COUNTED[rule]
    if too_few:
        at = world.happen(at, event, too_few)
        assert world.raised() == []
    at = world.happen(at + timedelta(seconds=1), event)
    assert world.raised() == [(rule, about)]
    world.happen(at + timedelta(seconds=1), event, 3)
    assert world.raised() == []
    assert all(one.window <= timedelta(days=1) for one in RULES)
    world.happen(at + timedelta(days=2), event, too_few + 1)
    assert world.raised() == [(rule, about)], "a new window"


def test_every_rule_has_its_case_here() -> None:
    others = {"failed-sign-ins-of-all", "granted-then-exported", "clock-back"}
    assert {rule.name for rule in RULES} == {*COUNTED, *others}
    assert len({rule.name for rule in (*RULES, CHAIN_BROKEN)}) == len(RULES) + 1


def test_events_spread_wider_than_the_window_raise_nothing(world: World) -> None:
    world.happen(NOON, {"event": "query.refused", **WHO}, 60, apart=120)
    assert world.raised() == []


def test_the_outcome_does_not_depend_on_when_rounds_run(world: World) -> None:
    for number in range(45):
        world.happen(NOON + timedelta(minutes=number), {"event": "query.refused", **WHO})
        assert world.raised() == ([("many-refusals", "researcher-a")] if number == 39 else [])


def test_work_by_day_is_not_odd_and_neither_is_a_service(world: World) -> None:
    world.happen(NOON, {"event": "query.answered", **WHO}, 50)
    world.happen(NOON.replace(hour=23), {"event": "query.answered", "actor": "service:guard"}, 50)
    assert world.raised() == []


def test_many_names_that_fail_raise_one_alarm(world: World) -> None:
    for number in range(50):
        world.happen(NOON + timedelta(seconds=number), {"event": "person.sign-in-refused", "actor": f"name-{number}"})
    assert world.raised() == [("failed-sign-ins-of-all", "everybody")]


@pytest.mark.parametrize(
    ("given", "submitter", "hours", "raises"),
    [
        (MEMBER, "researcher-a", 3, True),
        (MEMBER, "researcher-a", 30, False),
        (MEMBER, "researcher-b", 3, False),
        ({**MEMBER, "project": "respiratory"}, "researcher-a", 3, False),
        ({"event": "grant.given", "actor": "steward", "project": "gi-bleed"}, "researcher-b", 3, True),
    ],
)
@pytest.mark.parametrize("between", [True, False])
def test_access_given_and_results_handed_in_the_same_day(
    world: World, given: dict[str, object], submitter: str, hours: int, raises: bool, between: bool
) -> None:
    world.happen(NOON, given)
    if between:
        assert world.raised() == []
    submitted = {"event": "egress.submitted", "actor": submitter, "project": "gi-bleed"}
    world.happen(NOON + timedelta(hours=hours), submitted)
    assert world.raised() == ([("granted-then-exported", submitter)] if raises else [])


def test_a_clock_that_goes_back_is_noticed(world: World) -> None:
    world.happen(NOON, {"event": "a.b", "actor": "x"})
    world.happen(NOON - timedelta(seconds=4), {"event": "a.b", "actor": "x"})
    assert world.raised() == []
    world.happen(NOON - timedelta(hours=1), {"event": "a.b", "actor": "x"})
    assert ("clock-back", "clock") in world.raised()


def test_old_history_raises_nothing_at_the_first_look(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.transaction() as session:
        monkeypatch.setattr("governance.audit.chain.now", lambda: datetime(2020, 1, 1, 12, tzinfo=UTC))
        for _ in range(100):
            append_event(session, event="query.refused", actor="researcher-a")
    monkeypatch.undo()
    assert evaluate(store, settings) == []


def test_a_review_from_open_to_closed(world: World) -> None:
    world.happen(NOON, {"event": "stop.stopped", "actor": "admin"})
    [(_, _)] = world.raised()
    with world.store.reading() as session:
        [alarm] = list_alarms(session)
    look_at_alarm(world.store, actor="operator:x", number=alarm.number)
    close_alarm(world.store, actor="operator:x", number=alarm.number, note="A drill, as announced.")
    with world.store.reading() as session:
        assert list_alarms(session) == ()
        [closed] = list_alarms(session, everything=True)
        names = [event.event for event in read_events(session)][-3:]
        assert verify_chain(session, world.store.audit_head, world.store.signing_key).holds
    assert (closed.state, closed.looked_by, closed.note) == (AlarmState.CLOSED, "operator:x", "A drill, as announced.")
    assert names == ["alarm.raised", "alarm.looked-at", "alarm.closed"]
    for number, code in ((closed.number, "alarm-closed"), (99, "no-such-alarm")):
        with pytest.raises(Refusal) as refused:
            look_at_alarm(world.store, actor="operator:x", number=number)
        assert refused.value.code == code


def test_only_an_auditor_reviews_and_never_an_alarm_about_themselves(demo_register: Store) -> None:
    from governance import registry
    from governance.clock import now

    registry.give_role(demo_register, actor="operator:x", subject="checker-a", role="auditor")
    with demo_register.transaction() as session:
        number = raise_alarm(session, RULES[0], "checker-a", now())
        assert raise_alarm(session, RULES[0], "checker-a", now()) is None
    assert number is not None
    for actor, code in (("admin", "role-missing"), ("checker-a", "own-alarm")):
        with pytest.raises(Refusal) as refused:
            close_alarm(demo_register, actor=actor, number=number, note="Nothing to see.")
        assert refused.value.code == code


def test_every_threshold_is_a_setting() -> None:
    assert all(name.startswith(("alarm_", "odd_hours_", "audit_")) for name in MonitoringSettings.model_fields)
    assert set(MonitoringSettings.model_fields) <= set(Settings.model_fields)
