"""What a workspace is made of, found beside the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from governance.refusal import Refusal
from governance.settings import Settings
from hub import workspace_image
from hub.workspace_image import IMAGES, R_IMAGE, _interpreter_prefix, check_image, find_image, is_offered


def environment(tmp_path: Path, home: str) -> Path:
    (tmp_path / "pyvenv.cfg").write_text(f"home = {home}\nversion = 3.11.2\n")
    return tmp_path


@pytest.mark.parametrize("home", ["/usr/bin", "/usr/local/bin"])
def test_a_system_interpreter_is_there_anyway(tmp_path: Path, home: str) -> None:
    assert _interpreter_prefix(environment(tmp_path, home)) is None


def test_another_interpreter_is_bound_with_its_own_folder_only(tmp_path: Path) -> None:
    assert _interpreter_prefix(environment(tmp_path, "/opt/python/3.11/bin")) == Path("/opt/python/3.11")


@pytest.mark.parametrize("home", ["/opt/bin", "/home/bin", "/srv/bin"])
def test_a_folder_that_would_show_half_the_machine_is_refused(tmp_path: Path, home: str) -> None:
    with pytest.raises(Refusal):
        _interpreter_prefix(environment(tmp_path, home))


def test_a_damaged_environment_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").write_text("nothing")
    with pytest.raises(Refusal):
        _interpreter_prefix(tmp_path)


def test_a_missing_environment_names_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_image, "REPOSITORY", tmp_path)
    with pytest.raises(Refusal) as caught:
        find_image.__wrapped__()
    assert caught.value.code == "no-workspace-environment"
    assert "make setup" in caught.value.remedy


def test_the_parts_are_found_here() -> None:
    image = find_image()
    assert (image.environment / "bin/python").exists()
    assert {entry.path for entry in image.system} >= {"/usr", "/lib", "/bin"}
    assert list(image.example.glob("*.ipynb"))


def test_python_is_the_default_and_offers_python_only() -> None:
    image = find_image()
    assert image.profile is find_image(next(iter(IMAGES))).profile
    assert image.variables == {"WORKSPACE_KERNELS": "python3"}
    assert image.folder is None


@pytest.mark.parametrize("name", ["", "R", "../r", "r\0", "julia"])
def test_an_image_that_is_not_listed_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_image(name)
    assert caught.value.code == "unknown-image"
    assert name not in caught.value.message or not name


def test_an_image_that_is_not_whole_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_image, "REPOSITORY", tmp_path)
    with pytest.raises(Refusal) as caught:
        check_image("r")
    assert caught.value.code == "image-not-installed"


def test_on_containers_an_image_is_offered_once_it_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_image, "REPOSITORY", tmp_path)  # nothing is installed on the hub's own machine
    digest = f"registry.example.org/r@sha256:{'0' * 64}"
    bare = Settings(state=tmp_path, workspace_platform="docker")
    whole = Settings(state=tmp_path, workspace_platform="docker", image_r=digest)
    assert not is_offered(R_IMAGE, bare)
    assert is_offered(R_IMAGE, whole)
    assert check_image("r", whole) is R_IMAGE
    with pytest.raises(Refusal):
        check_image("r", bare)


def test_the_r_image_adds_its_own_folder_and_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_image, "REPOSITORY", tmp_path)
    monkeypatch.setattr(workspace_image, "check_image", lambda name: IMAGES[name])
    (tmp_path / "images" / "server").mkdir(parents=True)
    (tmp_path / "images" / "server" / "serve.py").touch()
    (tmp_path / ".venv-workspace" / "bin").mkdir(parents=True)
    (tmp_path / ".venv-workspace" / "bin" / "python").touch()
    environment(tmp_path / ".venv-workspace", "/usr/bin")
    image = find_image.__wrapped__("r")
    assert image.folder == tmp_path / ".r-workspace"
    assert image.variables["WORKSPACE_KERNELS"].split(",")[0] == "ir"
    assert image.example == tmp_path / "images" / "r" / "example"
    added = {entry.path for entry in image.system} - {entry.path for entry in find_image().system}
    assert added <= set(R_IMAGE.settings)


def test_the_accounts_inside_name_the_researcher_and_nobody_of_the_host() -> None:
    lines = (find_image().server / "etc" / "passwd").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["root", "researcher", "nobody"]
    assert "researcher:x:1000:1000:" in lines[1]


def test_what_would_take_files_out_is_switched_off_in_the_interface() -> None:
    page = json.loads((find_image().server / "lab" / "page_config.json").read_text())
    disabled = {name for name, off in page["disabledExtensions"].items() if off}
    assert disabled >= {
        "@jupyterlab/docmanager-extension:download",
        "@jupyterlab/filebrowser-extension:download",
        "@jupyterlab/notebook-extension:export",
        "@jupyterlab/terminal-extension",
        "@jupyterlab/apputils-extension:announcements",
    }
