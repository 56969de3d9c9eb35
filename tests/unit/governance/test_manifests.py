"""Manifests of another environment: what comes in, what is refused in whole, and what goes out and comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from typer.testing import CliRunner

from governance import registry
from governance.access import check_member_in_force
from governance.clock import today
from governance.commands.manifest import app
from governance.manifests import Names, Terms, export_manifest, import_manifest, read_manifest
from governance.manifests.importing import Taken
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store, open_store
from governance.store.audit_log import AuditEvent
from governance.store.projects import Project
from governance.store.sources import DataSource

ACTOR = "service:test"
BACKWARDS = {"availableFrom": "2026-02-01", "expires": "2026-01-01"}
LATER = (today() + timedelta(days=300)).isoformat()


def workspace(name: str = "falls", **spec: Any) -> dict[str, Any]:
    whole = {
        "displayName": "Falls in care homes",
        "description": "Why people fall.\n\nAnd when.",
        "validity": {"availableFrom": "2026-01-03", "expires": LATER},
        "jupyterWorkspace": {
            "image": "site/notebook:1",
            "resources": {"limits": {"cpu": 2}},
            "extraLabels": {"a": "b"},
        },
    } | spec
    return {"apiVersion": "xlscsde.nhs.uk/v1", "kind": "AnalyticsWorkspace", "metadata": {"name": name}, "spec": whole}


def binding(name: str = "b-1", **spec: Any) -> dict[str, Any]:
    whole = {"workspace": "falls", "username": "researcher-a", "expires": LATER, "comments": "Testing"} | spec
    kind = "AnalyticsWorkspaceBinding"
    return {"apiVersion": "xlscsde.nhs.uk/v1", "kind": kind, "metadata": {"name": name}, "spec": whole}


def source(name: str = "ds-1", **spec: Any) -> dict[str, Any]:
    whole = {
        "type": "Uploaded",
        "displayName": "Ambulance calls",
        "license": "For this project only",
        "publisher": {"organisation": "An ambulance trust", "contact": {"name": "J. Doe", "role": "Engineer"}},
        "project": {"id": "falls"},
        "connections": [{"type": "pvc", "name": "pvc-1", "connectionString": {"secretName": "elsewhere"}}],
        "approvals": [{"type": "INFORMATION_GOVERNANCE", "name": "J. Doe", "approvalGiven": "2026-01-02"}],
    } | spec
    return {"apiVersion": "xlscsde.nhs.uk/v1", "kind": "AnalyticsDataSource", "metadata": {"name": name}, "spec": whole}


def text(*documents: dict[str, Any]) -> bytes:
    return yaml.safe_dump_all(documents).encode()


def take(store: Store, *documents: dict[str, Any], **terms: Any) -> Taken:
    return import_manifest(store, read_manifest(text(*documents)), actor=ACTOR, **terms)


def events(store: Store) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


def test_a_whole_file_comes_in_and_gives_no_access_by_itself(demo_register: Store) -> None:
    manifest = read_manifest(text(binding(), source(), workspace()))  # in any order
    assert manifest.notes == (
        "document 2: spec.connections.connectionString means nothing here",
        "document 3: spec.jupyterWorkspace.extraLabels means nothing here",
    )
    assert import_manifest(demo_register, manifest, actor=ACTOR) == Taken(1, 1, 1)
    with demo_register.reading() as session:
        project = session.get_one(Project, "falls")
        assert (project.title, project.status, project.purpose) == ("Falls in care homes", "draft", "local_research")
        assert (project.starts_on, project.ends_on.isoformat()) == (date(2026, 1, 3), LATER)
        assert [m.subject for m in project.memberships] == ["researcher-a"]
        assert session.get_one(DataSource, "ds-1").publisher == "An ambulance trust"
        with pytest.raises(Refusal, match="project-not-active"):
            check_member_in_force(session, "researcher-a", "falls")


def test_taken_in_again_it_changes_nothing_and_later_what_differs(demo_register: Store) -> None:
    take(demo_register, workspace(), binding(), source())
    before = events(demo_register)
    assert take(demo_register, workspace(), binding(), source()) == Taken(0, 0, 0)
    assert events(demo_register) == before
    shorter = (today() + timedelta(days=20)).isoformat()
    changed = (workspace(displayName="Falls"), binding(expires=shorter), source(license="None"))
    assert take(demo_register, *changed) == Taken(1, 1, 1)
    assert events(demo_register) == before + 3


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ((workspace(), binding(username="researcher-A")), "manifest-person"),
        ((workspace(), binding(username="researcher-a ")), "manifest-person"),
        ((workspace(), binding(username="researcher\N{CYRILLIC SMALL LETTER A}")), "manifest-person"),
        ((workspace(), binding(username="checker-a")), "checker-cannot-be-member"),
        ((workspace(), binding(workspace="nowhere")), "manifest-workspace"),
        ((workspace(), source(project={"id": "nowhere"})), "manifest-workspace"),
        ((workspace(), workspace("Bad Name")), "bad-slug"),
        (
            (workspace(), workspace("b", validity={"availableFrom": LATER, "expires": "2026-01-01"})),
            "ends-before-start",
        ),
    ],
)
def test_what_is_wrong_anywhere_takes_in_nothing(demo_register: Store, documents: tuple[Any, ...], code: str) -> None:
    before = events(demo_register)
    with pytest.raises(Refusal, match=code):
        take(demo_register, *documents)
    with demo_register.reading() as session:
        assert session.get(Project, "falls") is None
    assert events(demo_register) == before


def test_a_closed_project_is_not_opened_by_a_manifest(demo_register: Store) -> None:
    take(demo_register, workspace())
    registry.change_project(demo_register, actor=ACTOR, slug="falls", status="closed")
    with pytest.raises(Refusal, match="manifest-project-closed"):
        take(demo_register, workspace(displayName="Again"))


def test_people_are_named_by_a_whole_address_of_one_person(demo_register: Store) -> None:
    for subject, address in (("researcher-a", "ann@example.org"), ("researcher-b", "ben@example.org")):
        registry.set_mail_address(demo_register, actor=ACTOR, subject=subject, address=address)
    for stranger in ("Ann@example.org", "ann_example.org", "ann@example.org "):
        with pytest.raises(Refusal, match="manifest-person"):
            take(demo_register, workspace(), binding(username=stranger), names=Names.ADDRESS)
    assert take(demo_register, workspace(), binding(username="ann@example.org"), names=Names.ADDRESS) == Taken(1, 1, 0)
    registry.set_mail_address(demo_register, actor=ACTOR, subject="researcher-b", address="ann@example.org")
    with pytest.raises(Refusal, match="manifest-person"):  # it is two people's now
        take(demo_register, workspace("other"), binding("b-2", username="ann@example.org"), names=Names.ADDRESS)


def test_only_an_administrator_takes_one_in(demo_register: Store) -> None:
    with pytest.raises(Refusal, match="role-missing"):
        import_manifest(demo_register, read_manifest(text(workspace())), actor="researcher-a")


def edited(change: Callable[[dict[str, Any]], None], made: dict[str, Any]) -> bytes:
    change(made["spec"])
    return text(made)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "manifest-not-readable", "no manifest"),
        (b"just text", "manifest-not-readable", "Document 1"),
        (b"- a\n- b", "manifest-not-readable", "Document 1"),
        (b"\xff\xfe", "manifest-not-readable", "not YAML"),
        (b"a: [", "manifest-not-readable", "not YAML"),
        (b"a: &x [1]\nb: [*x, *x]", "manifest-not-readable", "anchors"),
        (b"a: !!python/object/apply:os.system [id]", "manifest-not-readable", "not YAML"),
        (b"[" * 50, "manifest-not-readable", "too deeply"),
        (b"[" * 50_000, "manifest-not-readable", "too deeply"),
        (b"- " * 50_000, "manifest-not-readable", "too deeply"),
        (b"a: 1\n" * 300_000, "manifest-too-large", "1024 KiB"),
        (text(workspace() | {"kind": "Secret"}), "manifest-kind", "Document 1"),
        (text(workspace() | {"apiVersion": "v1"}), "manifest-kind", "Document 1"),
        (text(workspace(), workspace()), "manifest-twice", "Document 2"),
        (edited(lambda s: s.pop("displayName"), workspace()), "manifest-field", "spec.displayName"),
        (edited(lambda s: s["validity"].pop("expires"), workspace()), "manifest-field", "spec.validity.expires"),
        (edited(lambda s: s["validity"].update(expires="soon"), workspace()), "manifest-field", "expires"),
        (edited(lambda s: s.update(validity="2026"), workspace()), "manifest-field", "spec.validity"),
        (edited(lambda s: s.update(username=7), binding()), "manifest-field", "spec.username"),
        (edited(lambda s: s.update(approvals={}), source()), "manifest-field", "spec.approvals"),
        (
            edited(lambda s: s["connections"][0].update(connectionString={"value": "Server=x;Password=y"}), source()),
            "manifest-secret",
            "plain text",
        ),
    ],
)
def test_a_malformed_file_is_refused_with_its_place_and_without_its_values(
    content: bytes, code: str, words: str
) -> None:
    with pytest.raises(Refusal) as refused:
        read_manifest(content)
    assert refused.value.code == code
    assert words in refused.value.message
    assert "soon" not in str(refused.value)
    assert "Password" not in str(refused.value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_end_in_values_or_a_refusal(content: bytes) -> None:
    try:
        read_manifest(content)
    except Refusal as refusal:
        assert refusal.code.startswith("manifest-")


def test_what_goes_out_comes_back_the_same(
    demo_register: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(demo_register, source(project={"id": "gi-bleed"}))
    with demo_register.reading() as session:
        text_out = export_manifest(session, settings)
        people = {m.subject for m in session.get_one(Project, "gi-bleed").memberships}
    assert take_text(demo_register, text_out) == Taken(0, 0, 0)
    elsewhere = Settings(state=tmp_path / "elsewhere")
    other = registry.initialise(elsewhere)
    registry.add_organisation(other, actor=ACTOR, name="A trust")
    for document in yaml.safe_load_all(text_out):
        if document["kind"].endswith("Binding"):
            _register(other, document["spec"]["username"])
    take_text(other, text_out)
    with other.reading() as session:
        assert {m.subject for m in session.get_one(Project, "gi-bleed").memberships} == people
        assert export_manifest(session, settings, ["gi-bleed"]).count("kind: AnalyticsDataSource") == 1
    other.close()


def _register(store: Store, subject: str) -> None:
    try:
        registry.add_person(store, actor=ACTOR, subject=subject, name="A person", organisation="A trust")
    except Refusal as known:
        assert known.code == "already-exists"


def take_text(store: Store, written: str) -> Taken:
    return import_manifest(store, read_manifest(written.encode()), actor=ACTOR, terms=Terms())


def test_the_commands(demo_register: Store, settings: Settings, tmp_path: Path) -> None:
    file, out = tmp_path / "in.yaml", tmp_path / "out.yaml"
    file.write_bytes(text(workspace(), binding(), source()))
    runner = CliRunner()
    answer = runner.invoke(app, ["import", str(file)])
    assert "1 projects, 1 memberships, 1 data sources" in answer.output, answer.output
    assert "extraLabels means nothing here" in answer.output
    assert "Ambulance calls" in runner.invoke(app, ["sources"]).output
    assert runner.invoke(app, ["export", "--project", "falls", "--to", str(out)]).exit_code == 0
    assert [one["metadata"]["name"] for one in yaml.safe_load_all(out.read_text())][0::2] == ["falls", "ds-1"]
    assert "xlscsde.nhs.uk/v1" in runner.invoke(app, ["export"]).output
    store = open_store(settings)
    with store.reading() as session, pytest.raises(Refusal, match="no-such-project"):
        export_manifest(session, settings, ["nowhere"])
    store.close()
