"""Settings that are others than at the last start are on record, by name; their values are not."""

from __future__ import annotations

from governance.audit import read_events
from governance.registry.configuration import note_settings
from governance.settings import Settings
from governance.store import Store


def test_a_changed_setting_is_an_event_and_an_unchanged_one_is_none(store: Store, settings: Settings) -> None:
    other = settings.model_copy(update={"port": 8123, "public_url": "https://secret-name.example"})
    assert note_settings(store, settings) == note_settings(store, settings) == ()
    assert note_settings(store, other) == ("port", "public_url")
    assert note_settings(store, other) == ()
    with store.reading() as session:
        told = [event.detail for event in read_events(session) if event.event == "configuration.changed"]
    assert told == ['{"number":0,"settings":""}', '{"number":2,"settings":"port,public_url"}']


def test_an_address_with_a_password_leaves_no_digest(store: Store, settings: Settings) -> None:
    note_settings(store, settings.model_copy(update={"register_url": "postgresql+psycopg://u:p@h/d"}))
    written = settings.folder.audit_head.with_name("settings.json").read_text()
    assert '"register_url": true' in written
