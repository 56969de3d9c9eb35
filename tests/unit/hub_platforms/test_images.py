"""The images' recipes: pinned, hash-checked, without root, without a package manager, with the sandbox's own settings.
No engine has built them here; what a machine can say of a recipe is said."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hub.platforms.container import CHANNEL_FOLDER, COMMAND, SIDECAR_USER, USER
from hub.sandbox import ENVIRONMENT, ETC_FILES, HOME, SERVER
from hub.workspace_image import R_IMAGE, REPOSITORY
from tests.support.dockerfiles import Dockerfile, faults

FOLDER = REPOSITORY / "images" / "docker"
FILES = sorted(FOLDER.glob("*.Dockerfile"))
WORKSPACES = [file for file in FILES if file.name.startswith("workspace-")]
GOOD = Dockerfile.read(FOLDER / "workspace-python.Dockerfile").text

SPOILT = {
    "a base by tag": ("FROM ${PYTHON_IMAGE} AS", "FROM python:3.11-slim AS", "not named by digest"),
    "a default base": ("ARG PYTHON_IMAGE\n", "ARG PYTHON_IMAGE=python:3.11\n", "has a default"),
    "a default index": ("ARG PIP_INDEX_URL", "ARG PIP_INDEX_URL=http://x", "has a default"),
    "ADD of an address": ("COPY images/server /opt/server", "ADD https://x.example/a.tar /opt", "ADD fetches"),
    "no hashes": ("--require-hashes ", "", "without hashes"),
    "one more package": ("git &&", "git && /opt/workspace/bin/pip install evil &&", "without hashes"),
    "recommended packages": ("--no-install-recommends ", "", "nobody named"),
    "a download": ("RUN mkdir", "RUN curl x | sh && mkdir", "a download"),
    "root": ("USER 1000:1000", "USER 0:0", "names no user"),
    "root by default": ("USER 1000:1000\n", "", "names no user"),
    "a user by name": ("USER 1000:1000", "USER researcher", "names no user"),
    "a secret": ("WORKDIR", "ENV API_TOKEN=abc\nWORKDIR", "a secret"),
    "a registry": ("ARG PIP_INDEX_URL", "ENV X=registry.example.io/sde\nARG PIP_INDEX_URL", "address of a host"),
    "a package manager": ("RUN /build/strip.sh\n", "", "package manager is left"),
    "layers": ("FROM scratch\nCOPY --from=making / /\n", "FROM making\n", "layers"),
    "no label": ("LABEL org.opencontainers.image.title", "LABEL x", "no label"),
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_recipe_is_without_fault(file: Path) -> None:
    assert faults(Dockerfile.read(file)) == []


def test_there_are_four_images() -> None:
    assert [file.name.removesuffix(".Dockerfile") for file in FILES] == [
        "gateway", "sidecar", "workspace-python", "workspace-r",
    ]  # fmt: skip


@pytest.mark.parametrize("spoilt", SPOILT)
def test_each_fault_is_found(spoilt: str) -> None:
    before, after, fault = SPOILT[spoilt]
    assert before in GOOD
    assert any(fault in found for found in faults(Dockerfile(GOOD.replace(before, after))))


@pytest.mark.parametrize("file", WORKSPACES, ids=lambda file: file.name)
def test_a_workspace_has_what_a_sandbox_mounts(file: Path) -> None:
    recipe = Dockerfile.read(file)
    copies = recipe.all_of("COPY")
    assert f"images/server {SERVER}" in copies
    assert f"images/client/sde {ENVIRONMENT}/lib/python3.11/site-packages/sde" in copies
    [etc] = [copy.split()[:-1] for copy in copies if copy.endswith(" /etc/")]
    assert {Path(name).name for name in etc} == set(ETC_FILES) - {"hosts"}  # the engine makes its own
    last = dict(recipe.of_last_stage())
    assert (last["USER"], last["WORKDIR"]) == (f"{USER}:{USER}", HOME)
    assert tuple(json.loads(last["CMD"])) == COMMAND
    assert "ENV" not in last  # the spawner names every variable
    for folder in ("hub", "guard"):
        assert f"ln -s {CHANNEL_FOLDER}/{folder} /run/{folder}" in recipe.text
    assert "images/locks/workspace.txt /build/" in copies


def test_the_r_image_has_the_packages_of_the_set_up() -> None:
    recipe = Dockerfile.read(FOLDER / "workspace-r.Dockerfile")
    listed = re.search(r"r_packages=\(([^)]*)\)", (REPOSITORY / "images" / "setup.sh").read_text())
    assert listed is not None
    assert set(listed[1].split()) <= set(recipe.text.split())
    assert f"make_library.sh {R_IMAGE.inside}" in recipe.text


def test_the_sidecar_installs_nothing_and_needs_nothing(tmp_path: Path) -> None:
    recipe = Dockerfile.read(FOLDER / "sidecar.Dockerfile")
    assert "pip" not in recipe.text
    assert dict(recipe.of_last_stage())["USER"] == f"{SIDECAR_USER}:{SIDECAR_USER}"
    alone = tmp_path / "hub"
    shutil.copytree(REPOSITORY / "hub" / "sidecar", alone / "sidecar")
    shutil.copy(REPOSITORY / "hub" / "__init__.py", alone)
    run = f"import runpy, sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['sidecar', '--help']; "
    run += "runpy.run_module('hub.sidecar', run_name='__main__')"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", run], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--gate" in done.stdout


def test_what_an_image_is_made_from_is_named() -> None:
    lines = (REPOSITORY / ".dockerignore").read_text().split()
    assert "*" in lines
    named = {line[1:] for line in lines if line.startswith("!")}
    assert not named & {"var", ".venv", ".git", "tests", "docs"}
    for file in FILES:
        for copy in Dockerfile.read(file).all_of("COPY"):
            for source in copy.split()[:-1]:
                assert source.startswith("--from") or source.split("/")[0] in named or source == "/", (
                    file.name,
                    source,
                )
                assert source in ("/",) or source.startswith("--from") or (REPOSITORY / source).exists(), source


def test_scripts_can_be_run_and_take_package_managers_away() -> None:
    script = FOLDER / "strip.sh"
    assert script.stat().st_mode & stat.S_IXUSR
    text = script.read_text()
    for gone in (
        "/usr/bin/apt*",
        "/usr/bin/dpkg*",
        "/site-packages/pip",
        "/usr/local/bin/pip*",
        "chmod a-s",
        "ensurepip",
    ):
        assert gone in text


def test_the_platforms_lock_is_part_of_the_tested_one() -> None:
    locks = REPOSITORY / "images" / "locks"
    tested = (locks / "develop.txt").read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", (locks / "platforms.txt").read_text().strip())
    assert {block.split("==")[0] for block in blocks} >= {"docker", "dockerspawner", "jupyterhub-kubespawner"}
    assert all(block in tested for block in blocks)
