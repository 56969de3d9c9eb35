"""Which spawner a setting chooses, and what the doctor says of it."""

from __future__ import annotations

from importlib import import_module

import pytest

from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub import platform_choice
from hub.commands import up
from hub.doctor.finding import Verdict
from hub.doctor.platform import check_platform
from hub.platform_choice import PLATFORMS, find_platform
from hub.platforms.facts import Platform
from hub.supervisor.programs import gateway_programs

DIGEST = "@sha256:" + "0" * 64


def test_every_platform_of_the_policy_has_a_spawner() -> None:
    assert set(PLATFORMS) == {str(platform) for platform in Platform}
    for choice in PLATFORMS.values():
        module, _, name = choice.spawner.rpartition(".")
        assert hasattr(import_module(module), name)


def test_a_platform_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_choice, "find_spec", lambda _: None)
    with pytest.raises(Refusal, match="platform-not-installed"):
        find_platform("docker")
    assert find_platform("sandbox").tried


def test_the_doctor_says_that_it_was_never_run_here(settings: Settings) -> None:
    assert check_platform(settings).verdict is Verdict.OK
    bare = load_settings(state=settings.state, workspace_platform="kubernetes")
    assert "no images are set" in check_platform(bare).what
    images = {"image_python": f"sde/python{DIGEST}", "image_sidecar": f"sde/sidecar{DIGEST}"}
    whole = check_platform(load_settings(state=settings.state, workspace_platform="docker", **images))
    assert whole.verdict is Verdict.WEAKER
    assert "never run here" in whole.what


def test_limits_of_this_machine_are_asked_for_where_workspaces_run_on_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(up, "check_levels", lambda given, _: asked.append(given.workspace_platform))
    for platform in PLATFORMS:
        up.check_platform(load_settings(state=settings.state, workspace_platform=platform))
    assert asked == ["sandbox"]


def test_an_image_by_tag_is_no_setting(settings: Settings) -> None:
    with pytest.raises(Refusal, match="image_python"):
        load_settings(state=settings.state, image_python="sde/python:latest")


def test_the_gate_runs_where_it_is_needed(settings: Settings) -> None:
    settings.folder.create()

    def names(platform: str) -> set[str]:
        return {p.name for p in gateway_programs(load_settings(state=settings.state, workspace_platform=platform))}

    assert "gate" not in names("sandbox")
    assert "gate" in names("docker") & names("kubernetes")
