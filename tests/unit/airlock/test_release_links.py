"""Links to a release, and a recall: who fetches what, how often, until when, and how it ends."""

from __future__ import annotations

import io
import json
import shutil
import threading
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from egress import links as links_module
from egress import recalling
from egress.collecting import collect, collect_by_link
from egress.commands.release import app
from egress.links import make_link, revoke_links
from egress.recalling import mark_recalled, recall
from egress.release import find_release, release
from egress.releasing.folder_store import FolderStore
from egress.releasing.signing import public_key
from egress.releasing.verification import verify_release
from egress.reviewing import conclude
from egress.states import State
from governance.clock import now
from governance.refusal import Refusal
from governance.registry import suspend_person
from governance.registry.incidents import list_incidents
from governance.settings import load_settings
from governance.store.airlock import EgressRequest, ReleaseLink
from governance.store.audit_log import AuditEvent
from governance.store.incidents import Incident
from governance.store.traffic import WorkspaceTraffic
from tests.support.airlock_world import ADMIN, AUTHOR, CHECKER, COLLEAGUE, PROJECT, AirlockWorld, output
from tests.support.moving_clock import MovingClock

pytestmark = pytest.mark.slow  # every combination: several seconds together


@pytest.fixture
def released(world: AirlockWorld) -> str:
    request = world.reviewed(output("a.csv"), output("b.csv", b"METADATAother"))
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.APPROVED
    release(world.airlock, requested_by=CHECKER, request_id=request)
    return request


def folder_of(world: AirlockWorld, request: str) -> Path:
    return world.airlock.settings.folder.releases / PROJECT / request


def fetch(world: AirlockWorld, token: str, who: str = AUTHOR, name: str = "") -> bytes:
    return collect_by_link(world.airlock, actor=who, token=token, name=name).document


def unpack(archive: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(archive)) as held:
        held.extractall(folder)
    (made,) = folder.iterdir()
    return made


def test_a_link_fetches_the_whole_release_which_is_proven_outside(
    world: AirlockWorld, released: str, tmp_path: Path
) -> None:
    link = make_link(world.airlock, actor=AUTHOR, request_id=released)
    assert (link.uses, link.expires_at - now() > timedelta(hours=71), link.token in repr(link)) == (3, True, False)
    archive = fetch(world, link.token)
    assert fetch(world, link.token) == archive
    outside = unpack(archive, tmp_path / "out")
    assert verify_release(outside, public_key(world.airlock.settings.folder.keys), released).files == 2
    assert fetch(world, link.token, name="b.csv") == b"other"
    with pytest.raises(Refusal, match="link-used"):
        fetch(world, link.token)
    with world.store.reading() as session:
        row = session.query(ReleaseLink).one()
        assert (row.request_id, row.uses_left) == (released, 0)
        assert link.token not in json.dumps([row.token_sha256, row.made_by])
        told = [row.detail for row in session.query(AuditEvent)]
        (traffic,) = session.query(WorkspaceTraffic).all()
    assert not [detail for detail in told if link.token in detail]
    assert world.events().count("egress.downloaded") == 3
    assert (traffic.subject, traffic.requests, traffic.out_bytes) == (AUTHOR, 3, 2 * len(archive) + 5)


def test_a_link_is_not_an_identity(world: AirlockWorld, released: str) -> None:
    link = make_link(world.airlock, actor=AUTHOR, request_id=released)
    for who in (COLLEAGUE, CHECKER, ADMIN, "nobody"):
        with pytest.raises(Refusal, match="no-such-link"):
            fetch(world, link.token, who)
        with pytest.raises(Refusal):
            make_link(world.airlock, actor=who, request_id=released)
    for token in ("", link.token[:-1], link.token + "a", "a" * 43):
        with pytest.raises(Refusal, match="no-such-link"):
            fetch(world, token)
    world.train(AUTHOR, days=-1)
    with pytest.raises(Refusal, match="training-expired"):
        fetch(world, link.token)
    world.train(AUTHOR)
    suspend_person(world.store, actor="service:test", subject=AUTHOR)
    with pytest.raises(Refusal, match="person-suspended"):
        fetch(world, link.token)


def test_a_link_ends_by_time_and_by_its_author(
    world: AirlockWorld, released: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = MovingClock()
    clock.install(monkeypatch)
    first, second = (make_link(world.airlock, actor=AUTHOR, request_id=released) for _ in range(2))
    clock.ahead += timedelta(hours=72, seconds=1)
    world.train(AUTHOR)
    with pytest.raises(Refusal, match="link-expired"):
        fetch(world, first.token)
    third = make_link(world.airlock, actor=AUTHOR, request_id=released)
    assert revoke_links(world.airlock, actor=AUTHOR, request_id=released) == 1
    assert revoke_links(world.airlock, actor=AUTHOR, request_id=released) == 0
    with pytest.raises(Refusal, match="link-revoked"):
        fetch(world, third.token)
    assert world.events("release.") == ["release.link-made"] * 3 + ["release.links-revoked"]
    del second


def test_an_administrator_ends_anybodys_links(world: AirlockWorld, released: str) -> None:
    link = make_link(world.airlock, actor=AUTHOR, request_id=released)
    for said in ("Ended 1 links.", "Ended 0 links."):
        assert CliRunner().invoke(app, ["end-links", released], catch_exceptions=False).output.strip() == said
    with pytest.raises(Refusal, match="link-revoked"):
        fetch(world, link.token)
    with pytest.raises(Refusal, match="role-missing"):
        links_module.revoke_for_all(world.store, actor=COLLEAGUE, request_id=released)
    with pytest.raises(Refusal, match="no-such-release"):
        links_module.revoke_for_all(world.store, actor=ADMIN, request_id="0" * 16)


def test_links_are_few(world: AirlockWorld, released: str) -> None:
    for _ in range(links_module.MOST_LIVE):
        make_link(world.airlock, actor=AUTHOR, request_id=released)
    with pytest.raises(Refusal, match="too-many-links"):
        make_link(world.airlock, actor=AUTHOR, request_id=released)


def test_the_last_use_is_given_once(world: AirlockWorld, released: str) -> None:
    link = make_link(world.airlock, actor=AUTHOR, request_id=released)
    with world.store.transaction() as session:
        session.query(ReleaseLink).one().uses_left = 1
    said: list[str] = []

    def go() -> None:
        try:
            fetch(world, link.token)
            said.append("given")
        except Refusal as refusal:
            said.append(refusal.code)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(said) == ["given", "link-used", "link-used", "link-used"]


def test_what_was_swapped_in_the_store_does_not_leave_and_costs_no_use(world: AirlockWorld, released: str) -> None:
    link = make_link(world.airlock, actor=AUTHOR, request_id=released)
    world.damage(folder_of(world, released) / "b.csv")
    for name in ("", "b.csv"):
        with pytest.raises(Refusal, match="file-changed"):
            fetch(world, link.token, name=name)
    with pytest.raises(Refusal, match="no-such-file"):
        fetch(world, link.token, name="../../register.db")
    with world.store.reading() as session:
        assert session.query(ReleaseLink).one().uses_left == 3
    assert "egress.downloaded" not in world.events()


def test_a_day_of_downloads_has_an_alarm_and_an_end(world: AirlockWorld, released: str) -> None:
    root = world.airlock.settings.folder.root
    given = {"traffic_alarm_bytes": 5, "traffic_cap_bytes": 30}
    tight = AirlockWorld.of(world.store, load_settings(state=root, **given))
    collect(tight.airlock, actor=AUTHOR, request_id=released, name="a.csv")
    assert world.events("workspace.traffic") == ["workspace.traffic-alarm"]
    with pytest.raises(Refusal, match="traffic-spent"):
        collect(tight.airlock, actor=AUTHOR, request_id=released, name="a.csv")
    assert world.events().count("egress.downloaded") == 1


def test_a_recall_opens_an_incident_ends_links_and_marks_the_store(world: AirlockWorld, released: str) -> None:
    link = make_link(world.airlock, actor=AUTHOR, request_id=released)
    name = recall(world.airlock, actor=ADMIN, request_id=released, reason="A name was left in it: delete all copies.")
    assert world.state(released) is State.RECALLED
    with world.store.reading() as session:
        (incident,) = list_incidents(session, actor=ADMIN)
        (row,) = session.query(ReleaseLink).all()
    assert (incident.id, incident.kind, incident.state, incident.request) == (
        name,
        "release-recalled",
        "open",
        released,
    )
    assert (incident.opened_by, row.request_id, row.revoked_at is not None) == (ADMIN, released, True)
    with pytest.raises(Refusal, match="link-revoked"):
        fetch(world, link.token)
    with pytest.raises(Refusal, match="wrong-state"):
        make_link(world.airlock, actor=AUTHOR, request_id=released)
    with pytest.raises(Refusal, match="release-recalled"):
        verify_release(folder_of(world, released), public_key(world.airlock.settings.folder.keys))
    assert json.loads((folder_of(world, released) / "recalled.json").read_bytes())["incident"] == name
    assert world.events("release.")[-1] == "release.recall-marked"
    assert mark_recalled(world.airlock) == 0


def test_a_store_that_is_away_does_not_stop_a_recall(
    world: AirlockWorld, released: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*given: object) -> None:
        raise OSError("no such device")

    monkeypatch.setattr(FolderStore, "add", away)
    recall(world.airlock, actor=CHECKER, request_id=released, reason="Wrong table.")
    assert (world.state(released), mark_recalled(world.airlock)) == (State.RECALLED, 0)
    with pytest.raises(Refusal, match="wrong-state"):
        collect(world.airlock, actor=AUTHOR, request_id=released, name="a.csv")
    monkeypatch.undo()
    assert mark_recalled(world.airlock) == 1
    assert (folder_of(world, released) / "recalled.sig").exists()


def test_marking_twice_at_once_is_written_down_once(world: AirlockWorld, released: str) -> None:
    recall(world.airlock, actor=CHECKER, request_id=released, reason="Wrong table.")
    recalling._mark(world.airlock, released)
    assert world.events("release.") == ["release.recall-marked"]


def test_a_recall_of_days_before_incidents_is_marked_too(world: AirlockWorld, released: str) -> None:
    with world.store.transaction() as session:
        session.get_one(EgressRequest, released).state = "recalled"
    assert mark_recalled(world.airlock) == 1
    with world.store.reading() as session:
        assert session.query(Incident).all() == []
        assert find_release(session, released) is not None


def test_a_recall_names_nobody(world: AirlockWorld, released: str) -> None:
    with pytest.raises(Refusal, match="number-in-text"):
        recall(world.airlock, actor=ADMIN, request_id=released, reason="Holds 943 476 5919.")
    with pytest.raises(Refusal, match="reason-missing"):
        recall(world.airlock, actor=ADMIN, request_id=released, reason=" ")
    assert world.state(released) is State.RELEASED


def test_a_released_request_without_its_release_has_no_archive(world: AirlockWorld, released: str) -> None:
    link = make_link(world.airlock, actor=AUTHOR, request_id=released)
    shutil.rmtree(folder_of(world, released))
    with pytest.raises(Refusal, match="file-changed"):
        fetch(world, link.token)
