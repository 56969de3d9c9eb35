"""`sde doctor` on this machine: a real trial sandbox, JSON for machines, the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from governance.settings import Settings
from governance.store import Store
from hub.doctor import CHECKS, Verdict, isolation

pytestmark = pytest.mark.slow

SDE = Path(sys.executable).with_name("sde")


def doctor(settings: Settings, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SDE_STATE": str(settings.folder.root)}
    return subprocess.run([SDE, "doctor", *options], env=environment, capture_output=True, text=True, timeout=120)


def test_all_is_well_here_and_said_in_json(settings: Settings, store: Store) -> None:
    done = doctor(settings, "--json")
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert [finding["check"] for finding in findings] == [name for name, _ in CHECKS]
    assert [finding for finding in findings if finding["verdict"] == "broken"] == []
    assert done.returncode == 0
    assert all(finding["remedy"] for finding in findings if finding["verdict"] != "ok")


def test_something_broken_is_exit_code_one(settings: Settings) -> None:
    done = doctor(settings)
    assert done.returncode == 1
    assert "Run `sde init`" in done.stdout


def test_the_trial_sandbox_leaves_nothing(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    settings.folder.create()
    before = sorted(tmp_path.iterdir())
    assert isolation.check_sandbox(settings).verdict is Verdict.OK
    assert sorted(tmp_path.iterdir()) == before
