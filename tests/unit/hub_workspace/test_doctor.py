"""What `sde doctor` says of a machine, and that it says so when something is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from governance.settings import Settings, load_settings
from governance.store import Store
from hub import levels
from hub.doctor import CHECKS, Verdict, images, installation, isolation
from hub.doctor.examination import RESOURCES, examine
from hub.limits import Groups, Level


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"host": "127.0.0.1"}, Verdict.OK),
        ({"public_url": "https://sde.example.org", "trusted_proxies": "127.0.0.1"}, Verdict.OK),
        ({"public_url": "https://sde.example.org"}, Verdict.WEAKER),  # all people share one limit of sign-ins
        ({"host": "0.0.0.0"}, Verdict.WEAKER),
        ({"host": "10.1.2.3", "public_url": "http://sde.example.org"}, Verdict.WEAKER),
    ],
)
def test_an_address_in_the_clear_is_weaker(tmp_path: Path, changes: dict[str, str], verdict: Verdict) -> None:
    assert installation.check_address(load_settings(state=tmp_path, **changes)).verdict is verdict


def test_the_demonstrations_provider_is_weaker(settings: Settings, tmp_path: Path) -> None:
    assert installation.check_sign_in(settings).verdict is Verdict.WEAKER
    production = load_settings(state=tmp_path, oidc_issuer="https://login.example.org")
    assert installation.check_sign_in(production).verdict is Verdict.OK


def test_a_closed_state_folder_is_fine(settings: Settings, store: Store) -> None:
    assert installation.check_state_folder(settings).verdict is Verdict.OK
    assert installation.check_register(settings).verdict is Verdict.OK


@pytest.mark.parametrize("name", ["", "keys", "keys/some-key", "run"])
def test_a_state_folder_that_others_can_read_is_broken(settings: Settings, store: Store, name: str) -> None:
    place = settings.folder.root / name
    if name == "keys/some-key":
        place.write_text("key")
    if name == "run":
        place = settings.folder.run
    place.chmod(0o755)
    finding = installation.check_state_folder(settings)
    assert finding.verdict is Verdict.BROKEN
    assert str(place) in finding.what
    place.chmod(0o700)


def test_before_init_it_says_what_to_do(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tuple(entry for entry in CHECKS if entry[0] in ("state folder", "register"))
    monkeypatch.setattr("hub.doctor.examination.CHECKS", asked)
    found = {finding.check: finding for finding in examine(settings)}
    assert {finding.verdict for finding in found.values()} == {Verdict.BROKEN}
    assert all("sde init" in finding.remedy for finding in found.values())


@pytest.mark.parametrize("resource", ["memory", "processes", "processors"])
def test_limits_of_single_processes_are_weaker(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, resource: str
) -> None:
    monkeypatch.setattr(isolation, "find_groups", lambda delegate: Groups(Level.PROCESS, {}))
    finding = isolation.check_resource(resource)(settings)
    assert finding.verdict is Verdict.WEAKER
    assert finding.what.startswith("process: ")
    assert "Delegate=yes" in finding.remedy


def test_limits_too_weak_for_the_settings_are_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "find_groups", lambda delegate: Groups(Level.PROCESS, {}))
    monkeypatch.setattr(levels, "_seen_in_groups", set())
    monkeypatch.setattr("hub.doctor.examination.CHECKS", (("limits", isolation.check_limits),))
    [finding] = examine(load_settings(state=tmp_path, oidc_issuer="https://login.example.org"))
    assert (finding.check, finding.verdict) == ("limits", Verdict.BROKEN)
    assert "Delegate=yes" in finding.remedy


def test_every_bounded_resource_has_a_line(settings: Settings) -> None:
    groups = Groups(Level.PROCESS, {})
    held = [one.resource for one in levels.levels_in_force(groups, levels.limits_of(settings, groups))]
    assert tuple(held) == RESOURCES


def test_one_user_for_all_workspaces_is_weaker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation.os, "geteuid", lambda: 4242)
    assert isolation.check_user_numbers(settings).verdict is Verdict.WEAKER
    monkeypatch.setattr(isolation.os, "geteuid", lambda: 0)
    assert isolation.check_user_numbers(settings).verdict is Verdict.OK


def test_a_machine_without_a_filter_is_broken(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.doctor.examination.CHECKS", (("seccomp", isolation.check_filter),))
    monkeypatch.setattr("governance.confinement.seccomp.platform.machine", lambda: "riscv64")
    [finding] = examine(settings)
    assert (finding.check, finding.verdict) == ("seccomp", Verdict.BROKEN)


def test_a_check_that_fails_is_reported_by_its_kind_only(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(settings: Settings) -> None:
        raise ValueError("a secret value")

    monkeypatch.setattr("hub.doctor.examination.CHECKS", (("odd", fail),))
    [finding] = examine(settings)
    assert (finding.verdict, finding.what) == (Verdict.BROKEN, "the check failed (ValueError)")


def test_every_check_has_a_name_of_its_own() -> None:
    assert len({name for name, _ in CHECKS}) == len(CHECKS)


def test_a_missing_r_image_is_weaker_and_names_what_is_missing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.workspace_image.REPOSITORY", tmp_path)
    monkeypatch.setattr(images, "REPOSITORY", tmp_path)
    finding = images.check_r_image(settings)
    assert finding.verdict is Verdict.WEAKER
    assert "is missing" in finding.what
    assert "make setup" in finding.remedy


def test_other_versions_than_were_tried_are_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    for name, version in (("base", "4.2.2"), ("dplyr", "1.1.0")):
        (library / name).mkdir(parents=True)
        (library / name / "DESCRIPTION").write_text(f"Package: {name}\nVersion: {version}\nTitle: x\n")
    (tmp_path / "tried.txt").write_text("R 4.2.2\ndplyr 1.0.10\ncli 3.6.0\n")
    monkeypatch.setattr(images, "R_LIBRARIES", (library,))
    monkeypatch.setattr(images, "TRIED", tmp_path / "tried.txt")
    monkeypatch.setattr(images, "R_IMAGE", replace(images.R_IMAGE, needs=()))
    finding = images.check_r_image(settings)
    assert finding.verdict is Verdict.WEAKER
    assert "dplyr 1.1.0 (tried: 1.0.10)" in finding.what
    assert "cli missing" in finding.what
    (tmp_path / "tried.txt").write_text("R 4.2.2\ndplyr 1.1.0\n")
    assert images.check_r_image(settings).verdict is Verdict.OK
