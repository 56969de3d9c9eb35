"""A close-out with real folders and real keys: every room does its part, and the certificate proves it."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from governance.access import check_member_in_force
from governance.applications.closing import (
    Part,
    open_close_outs,
    order_close,
    record_part,
    show_close_out,
    verify_certificate,
)
from governance.audit import public_key
from governance.commands import project as project_commands
from governance.refusal import Refusal
from governance.registry.views import list_members
from governance.settings import Settings
from governance.store import Store
from hub.archiving import archive_project
from hub.housekeeping.closing import archive_closed
from hub.names import workspace_slug
from intake.keeper.ground import Ground
from intake.keeper.round import do_round
from intake.keys import key_store
from intake.keys.of_extract import PERSON

BY, SLUG = "operator:test", "gi-bleed"
PEOPLE = ("researcher-a", "researcher-b")

pytestmark = pytest.mark.slow


def _furnish(settings: Settings) -> None:
    """Homes with awkward contents, and a shared folder."""
    for who in PEOPLE:
        home = settings.folder.homes / workspace_slug(who, SLUG)
        (home / "deep" / "er").mkdir(parents=True)
        (home / "deep" / "er" / f"notes of {who}\n.txt").write_text(f"notes of {who}")
        (home / "out").symlink_to("/etc/hostname")
        os.mkfifo(home / "pipe")
    other = settings.folder.homes / workspace_slug("researcher-b", "respiratory")
    other.mkdir(parents=True)
    (other / "mine.txt").write_text("stays")
    (settings.folder.shared / SLUG / "files").mkdir(parents=True)
    (settings.folder.shared / SLUG / "files" / "table.csv").write_text("a,b\n")


def test_a_project_is_closed_by_every_room_and_certified(demo_register: Store, settings: Settings) -> None:
    _furnish(settings)
    key_store(settings).open(SLUG, PERSON, make=True)
    order_close(demo_register, actor=BY, slug=SLUG, reason="The work is done.")
    order_close(demo_register, actor=BY, slug=SLUG, reason="Again.")  # changes nothing
    with demo_register.reading() as session:
        assert list_members(session, SLUG) == []
        with pytest.raises(Refusal, match="not-a-member"):
            check_member_in_force(session, "researcher-a", SLUG)
    assert archive_closed(settings, demo_register, frozenset({SLUG})) == ()  # something runs still
    assert archive_closed(settings, demo_register, frozenset()) == (SLUG,)
    assert archive_closed(settings, demo_register, frozenset()) == ()
    _check_archive(settings)
    with demo_register.reading() as session:
        assert show_close_out(session, SLUG).missing == ("extracts", "keys")
    do_round(Ground(settings, demo_register))
    with demo_register.reading() as session:
        view = show_close_out(session, SLUG)
        assert view.missing == () and view.certificate and open_close_outs(session) == ()
    public = public_key(settings.folder.keys / "audit-signing.pem")
    said = verify_certificate(view.certificate, public)
    assert len(said["parts"]["keys"]["facts"]["destroyed"]) == 1
    with pytest.raises(Refusal, match="key-destroyed"):
        key_store(settings).open(SLUG, PERSON, make=True)
    assert set(said["parts"]) == {part.value for part in Part} and said["members"] == 2
    with pytest.raises(Refusal, match="certificate-not-signed"):
        verify_certificate(view.certificate.replace('"members": 2', '"members": 3'), public)
    with pytest.raises(Refusal, match="certificate-unreadable"):
        verify_certificate("{}", public)


def test_the_certificate_on_the_command_line(demo_register: Store, settings: Settings, tmp_path: Path) -> None:
    run = CliRunner()
    assert run.invoke(project_commands.app, ["close", SLUG, "--reason", "Done."]).exit_code == 0
    file, page = tmp_path / "c.json", tmp_path / "c.html"
    early = run.invoke(project_commands.app, ["close-out", SLUG, "--certificate", str(file)])
    assert isinstance(early.exception, Refusal) and early.exception.code == "not-certified"
    archive_closed(settings, demo_register, frozenset())
    do_round(Ground(settings, demo_register))
    done = run.invoke(project_commands.app, ["close-out", SLUG, "--certificate", str(file), "--page", str(page)])
    assert done.exit_code == 0, done.output
    assert "<h1>Certificate of close-out</h1>" in page.read_text()
    public = public_key(settings.folder.keys / "audit-signing.pem")
    assert "OK" in run.invoke(project_commands.app, ["verify-close", str(file), "--public-key", public]).stdout


def test_what_broke_off_goes_on_and_nothing_is_lost(demo_register: Store, settings: Settings) -> None:
    _furnish(settings)
    home = settings.folder.homes / workspace_slug("researcher-a", SLUG)
    first = archive_project(settings.folder, SLUG, ("researcher-a",))
    half = settings.folder.archives / SLUG
    half.chmod(0o700)
    (half / f".{home.name}.new").write_bytes(b"half")
    held = archive_project(settings.folder, SLUG, PEOPLE)
    assert {one.name for one in first} < {one.name for one in held}
    assert not home.exists()


def test_only_services_record_parts_and_only_administrators_order(demo_register: Store) -> None:
    for who in ("researcher-a", "steward", "checker-a"):
        with pytest.raises(Refusal, match="role-missing"):
            order_close(demo_register, actor=who, slug=SLUG, reason="Mine.")
    with pytest.raises(Refusal, match="not-closing"):
        record_part(demo_register, actor="service:hub", slug=SLUG, part=Part.KEYS, facts={})
    order_close(demo_register, actor="admin", slug=SLUG, reason="Done.")
    with pytest.raises(Refusal, match="role-missing"):
        record_part(demo_register, actor="admin", slug=SLUG, part=Part.KEYS, facts={})


def _check_archive(settings: Settings) -> None:
    folder = settings.folder.archives / SLUG
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {one["name"] for one in manifest} == {*(workspace_slug(who, SLUG) for who in PEOPLE), SLUG}
    for one in manifest:
        file = folder / f"{one['name']}.tar"
        assert file.stat().st_mode & 0o777 == 0o400
        assert hashlib.sha256(file.read_bytes()).hexdigest() == one["sha256"]
        with tarfile.open(file) as archive:
            for entry in one["contents"]:
                if entry["sha256"]:
                    content = archive.extractfile(entry["name"])
                    assert content is not None
                    assert hashlib.sha256(content.read()).hexdigest() == entry["sha256"]
    names = {entry["name"] for one in manifest for entry in one["contents"]}
    assert f"{SLUG}/files/table.csv" in names
    assert not any((settings.folder.homes / workspace_slug(who, SLUG)).exists() for who in PEOPLE)
    assert not (settings.folder.shared / SLUG).exists()
    other = settings.folder.homes / workspace_slug("researcher-b", "respiratory") / "mine.txt"
    assert other.read_text() == "stays"
