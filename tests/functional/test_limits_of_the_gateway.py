"""The whole gateway at work on limits: a full home is told of, braked and ended; a stranger's sandbox is found; a
project shares its repository; too weak limits start nothing."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from governance.audit import read_events
from governance.settings import load_settings
from governance.state import StateFolder
from governance.store import open_store
from hub.names import places_of
from hub.processes import wait_until
from hub.sandbox_process import is_held
from tests.support.gateway import Gateway
from tests.support.kernel import Kernel
from tests.support.visitor import Visitor

pytestmark = pytest.mark.slow

PERSON, PROJECT = "researcher-a", "gi-bleed"
QUOTA = 16 * 2**20
STRANGER = """
import os
from governance.settings import load_settings
from hub.names import places_of
from hub.sandbox_process import Streams
from hub.workspace_start import prepare_workspace, start_workspace
settings = load_settings()
places = places_of(settings.folder, "nobody", "gi-bleed")
start_workspace(settings, prepare_workspace(places), command=("sleep", "900"), variables={}, streams=Streams())
os._exit(1)
"""
FILL = """
import os
for number in range({first}, {last}):
    with open(f'/home/researcher/fill{{number}}', 'wb', buffering=0) as f:
        f.write(os.urandom(2**20))
print('written')
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Gateway]:
    gateway = Gateway(shutil.copytree(lab_template, tmp_path_factory.mktemp("limits") / "state"))
    gateway.environment |= {"SDE_WORKSPACE_HOME_BYTES": str(QUOTA)}
    with gateway:
        yield gateway


@pytest.fixture(scope="module")
def browser(small: Gateway) -> Iterator[httpx.Client]:
    with contextlib.closing(small.sign_in(PERSON)) as client:
        yield client


def open_workspace(gateway: Gateway, browser: httpx.Client) -> str:
    """Its address, once it answers."""
    base = f"{gateway.url}/user/{PERSON}/{PROJECT}"

    def is_open() -> bool:
        page = Visitor(browser).open(f"{gateway.url}/services/portal/")
        if page.has_button("Start workspace"):  # not while it still stops
            page.press("Start workspace")
        return browser.get(f"{base}/api").status_code == httpx.codes.OK

    assert wait_until(is_open, 90), gateway.tell()
    return base


def notices(gateway: Gateway) -> str:
    places = places_of(StateFolder(gateway.state), PERSON, PROJECT)
    with contextlib.suppress(FileNotFoundError):
        return " ".join(notice["text"] for notice in json.loads((places.run / "notices.json").read_text()))
    return ""


def audited(gateway: Gateway, event: str) -> list[str]:
    store = open_store(load_settings(state=gateway.state))
    try:
        with store.reading() as session:
            return [str(held.detail) for held in read_events(session) if held.event == event]
    finally:
        store.close()


def test_a_stranger_is_found_and_the_workspace_stays(small: Gateway, browser: httpx.Client) -> None:
    open_workspace(small, browser)
    repository = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", STRANGER], env=small.environment, cwd=repository, check=False)
    folder = StateFolder(small.state)
    assert is_held(places_of(folder, "nobody", PROJECT).lock)
    assert wait_until(lambda: not is_held(places_of(folder, "nobody", PROJECT).lock), 120), small.tell()
    assert is_held(places_of(folder, PERSON, PROJECT).lock)
    assert len(audited(small, "workspace.orphan-ended")) == 1


def test_the_project_shares_a_repository(small: Gateway, browser: httpx.Client) -> None:
    base = open_workspace(small, browser)
    with Kernel(browser, base) as kernel:
        code = "!cd && git clone -q /home/project.git work && cd work && echo 1 > a && git add a && git commit -qm one"
        kernel.run(code)
        pushed = kernel.run("!cd ~/work && git push -q && git ls-remote origin main && ls ~/shared && echo done")
        assert "refs/heads/main" in pushed.text and "done" in pushed.text, pushed
        status = browser.post(f"{base}/git/work/status", json={}, headers=kernel._xsrf())  # as the Lab's git panel asks
        assert status.status_code == httpx.codes.OK, status.text
        assert (status.json()["code"], status.json()["branch"]) == (0, "main")


def test_a_full_home_is_told_of_braked_and_at_last_ended(small: Gateway, browser: httpx.Client) -> None:
    with Kernel(browser, open_workspace(small, browser)) as kernel:
        assert "written" in kernel.run(FILL.format(first=0, last=17)).text
        assert wait_until(lambda: "is full" in notices(small), 120), small.tell()
        refused = kernel.run("open('/home/researcher/large', 'wb').write(bytes(4 * 2**20))")
        assert "File too large" in refused.error
        kernel.run(FILL.format(first=100, last=104))  # small ones, around the brake
    assert wait_until(lambda: bool(audited(small, "workspace.disk-over-quota")), 120), small.tell()
    assert wait_until(lambda: not is_held(places_of(StateFolder(small.state), PERSON, PROJECT).lock), 60)
    with Kernel(browser, open_workspace(small, browser)) as kernel:  # and back again, to tidy up
        kernel.run("import glob, os; [os.unlink(file) for file in glob.glob('/home/researcher/fill*')]")
        assert wait_until(lambda: notices(small) == "", 120)


def test_too_weak_limits_do_not_start_the_gateway(tmp_path: Path) -> None:
    """As a gateway without a group of its own would: its mount of the groups is hidden."""
    hide = "mount -t tmpfs none /sys/fs/cgroup && exec sde up --no-demo"
    command = ("unshare", "--mount", "sh", "-c", hide.replace("sde", str(Path(sys.executable).parent / "sde"), 1))
    if subprocess.run(
        [*command[:4], "mount -t tmpfs none /sys/fs/cgroup"], check=False, capture_output=True
    ).returncode:
        pytest.skip("mounts need root")
    gateway = Gateway(tmp_path / "state", command=command)
    gateway.environment |= {"SDE_WORKSPACE_LIMITS": "group"}
    with pytest.raises(RuntimeError, match="limits-too-weak"):
        gateway.start()
