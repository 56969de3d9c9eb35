"""Versions of the region in the register: the newest is in force, each step is audited, nothing unchecked is kept."""

from __future__ import annotations

import hashlib

import pytest

from governance.audit import read_events
from governance.refusal import Refusal
from governance.registry.regions import current_region, find_region, list_regions, record_region
from governance.store import Store

BY, SHA256 = "operator:test", hashlib.sha256(b"manifest").hexdigest()


def record(store: Store, folder: str, **changes: object) -> None:
    values = {"sha256": SHA256, "deliveries": ("d1", "d2"), "people": 3, "rows": 9, **changes}
    record_region(store, actor=str(values.pop("actor", BY)), folder=folder, **values)  # type: ignore[arg-type]


def test_the_newest_is_in_force_and_the_older_stay_on_record(store: Store) -> None:
    with store.reading() as session:
        assert current_region(session) is None
    record(store, "20261122T140000")
    record(store, "20261122T150000", people=4)
    with store.reading() as session:
        newest = current_region(session)
        assert newest is not None
        assert (newest.id, newest.people, newest.deliveries) == ("20261122T150000", 4, ("d1", "d2"))
        assert [region.id for region in list_regions(session)] == ["20261122T150000", "20261122T140000"]
        assert find_region(session, "20261122T140000").people == 3
        events = [event for event in read_events(session) if event.event == "region.recorded"]
    assert len(events) == 2


@pytest.mark.parametrize(
    ("folder", "changes", "code"),
    [
        ("", {}, "bad-folder"),
        ("../elsewhere", {}, "bad-folder"),
        (".building-x", {}, "bad-folder"),
        ("good", {"sha256": "short"}, "bad-digest"),
        ("good", {"people": -1}, "bad-count"),
        ("good", {"actor": "nobody"}, "not-registered"),
    ],
)
def test_what_is_not_right_is_not_recorded(store: Store, folder: str, changes: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        record(store, folder, **changes)
    assert refused.value.code == code
    with store.reading() as session:
        assert list_regions(session) == []


def test_one_version_is_recorded_once(store: Store) -> None:
    record(store, "one")
    with pytest.raises(Refusal) as refused:
        record(store, "one")
    assert refused.value.code == "region-recorded"
