"""The hub is killed under running workspaces: none is lost, kernels keep their variables, every way out is open again
as soon as the hub is back, and what it was just starting leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import httpx
import pytest

from governance.settings import Settings, load_settings
from hub.names import WorkspacePlaces, places_of
from hub.processes import wait_until
from hub.sandbox_process import is_held
from hub.services import PORTAL, token_file
from tests.support.gateway import Gateway
from tests.support.kernel import Kernel

pytestmark = pytest.mark.slow

RUNNING = (("researcher-a", "gi-bleed"), ("researcher-b", "gi-bleed"))
STARTING = ("researcher-b", "respiratory")
#: Asks the hub and the guard over the relay; the answers' numbers tell that both are there.
WAYS_OUT = """
import http.client, socket
def ask(path, address):
    connection = http.client.HTTPConnection("x", timeout=5)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    connection.request("GET", address)
    return connection.getresponse().status
try:
    print("ways", ask("/run/hub/hub.sock", "/hub/api"), ask("/run/guard/guard.sock", "/v1/project"))
except OSError as error:
    print("closed", type(error).__name__)
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Gateway]:
    state = shutil.copytree(lab_template, tmp_path_factory.mktemp("restart") / "state")
    with Gateway(state) as gateway:
        for account in ("researcher-a", "researcher-b"):  # so that the hub knows them
            gateway.sign_in(account).close()
        yield gateway


@pytest.fixture(scope="module")
def settings(gateway: Gateway) -> Settings:
    return load_settings(state=gateway.state, port=gateway.port)


@pytest.fixture
def hub(settings: Settings) -> Iterator[httpx.Client]:
    """The hub's API, as the portal uses it."""
    transport = httpx.HTTPTransport(uds=str(settings.folder.run / "hub.sock"))
    headers = {"Authorization": f"token {token_file(settings, PORTAL).read_text()}"}
    with httpx.Client(transport=transport, base_url="http://hub/hub/api", headers=headers, timeout=60) as client:
        yield client


def places(settings: Settings, pair: tuple[str, str]) -> WorkspacePlaces:
    return places_of(settings.folder, *pair)


def server(hub: httpx.Client, pair: tuple[str, str]) -> dict[str, object]:
    found: dict[str, object] = hub.get(f"/users/{pair[0]}").json()["servers"].get(pair[1], {})
    return found


def start(hub: httpx.Client, pair: tuple[str, str]) -> None:
    """Ask for it without waiting: a refusal would come at once, a start takes longer."""
    with suppress(httpx.ReadTimeout):
        answer = hub.post(f"/users/{pair[0]}/servers/{pair[1]}", timeout=httpx.Timeout(60, read=0.2))
        assert answer.status_code in (201, 202), answer.text


def hub_process(gateway: Gateway) -> int:
    """The number of the hub that `sde up` started."""
    for line in Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text().split():
        if "hub.launch" in Path(f"/proc/{line}/cmdline").read_text():
            return int(line)
    raise AssertionError(gateway.tell())


def kill_hub(gateway: Gateway) -> int:
    killed = hub_process(gateway)
    os.kill(killed, signal.SIGKILL)
    return gateway.console().count("hub answers again")


def back(gateway: Gateway, before: int) -> Callable[[], bool]:
    return lambda: gateway.console().count("hub answers again") > before


def test_a_killed_hub_loses_no_workspace(gateway: Gateway, settings: Settings, hub: httpx.Client) -> None:
    for pair in RUNNING:
        start(hub, pair)
    for pair in RUNNING:
        assert wait_until(lambda pair=pair: server(hub, pair).get("ready") is True, 60), gateway.tell()
    with ExitStack() as opened:
        kernels = []
        for subject, project in RUNNING:
            client = opened.enter_context(closing(gateway.sign_in(subject)))
            kernels.append(opened.enter_context(Kernel(client, f"{gateway.url}/user/{subject}/{project}")))
        for number, kernel in enumerate(kernels):
            assert not kernel.run(f"kept = {number} + 40\n{WAYS_OUT}").error
        before = kill_hub(gateway)
        for number, kernel in enumerate(kernels):  # by the very same connection, with no hub at all
            assert kernel.run("kept").text.strip() == str(number + 40)
        assert wait_until(back(gateway, before), 60), gateway.tell()
        for kernel in kernels:  # before any poll, which comes every 10 seconds
            assert kernel.run(WAYS_OUT).text.startswith("ways 200 "), gateway.tell()
        for pair, number in zip(RUNNING, range(2), strict=True):
            assert server(hub, pair).get("ready") is True, gateway.tell()
            assert kernels[number].run("kept").text.strip() == str(number + 40)


def test_a_hub_killed_while_starting_leaves_nothing_and_starts_again(
    gateway: Gateway, settings: Settings, hub: httpx.Client
) -> None:
    lock = places(settings, STARTING).lock
    start(hub, STARTING)
    assert wait_until(lambda: is_held(lock), 60), gateway.tell()
    before = kill_hub(gateway)
    assert is_held(lock)  # a sandbox that no record names
    assert wait_until(back(gateway, before), 60), gateway.tell()
    assert wait_until(lambda: not is_held(lock), 60), gateway.tell()
    assert server(hub, STARTING) == {}, gateway.tell()
    start(hub, STARTING)
    assert wait_until(lambda: server(hub, STARTING).get("ready") is True, 60), gateway.tell()
    for pair in RUNNING:  # they have lived through both
        assert server(hub, pair).get("ready") is True, gateway.tell()
