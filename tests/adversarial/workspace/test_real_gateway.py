"""Attacks from inside a real kernel on a real gateway: what a workspace's own token opens, here and from elsewhere."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from governance.state import StateFolder
from tests.support.gateway import Gateway
from tests.support.kernel import Kernel
from tests.support.visitor import Visitor

pytestmark = pytest.mark.slow

PERSON, PROJECT = "researcher-b", "gi-bleed"
PORTAL = "/services/portal/"
#: Asks one of the three sockets as the workspace and prints the statuses.
ASK = """
import http.client, json, os, socket
class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("x", timeout=20)
        self.path = path
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)
def ask(path, method, target, body=None, token=os.environ["JUPYTERHUB_API_TOKEN"]):
    connection = Unix(path)
    connection.request(method, target, body, {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    answer = connection.getresponse()
    return [answer.status, answer.read().decode()]
HUB, GUARD, AIRLOCK = "/run/hub/hub.sock", "/run/guard/guard.sock", "/run/guard/airlock.sock"
"""
#: What a token might do at the hub, if it got so far. None of it may work.
AT_THE_HUB = (
    ("GET", "users"),
    ("GET", "users/researcher-a"),
    ("POST", "users/mallory"),
    ("POST", f"users/{PERSON}/tokens"),
    ("GET", f"users/{PERSON}/tokens"),
    ("POST", f"users/{PERSON}/servers/respiratory"),
    ("POST", f"users/{PERSON}/server"),
    ("DELETE", f"users/{PERSON}/servers/{PROJECT}"),
    ("POST", "users/researcher-a/activity"),
    ("POST", f"shares/{PERSON}/{PROJECT}"),
    ("POST", f"share-codes/{PERSON}/{PROJECT}"),
    ("GET", "groups"),
    ("POST", "groups/x"),
    ("GET", "services"),
    ("GET", "services/portal"),
    ("GET", "proxy"),
    ("POST", "proxy"),
    ("GET", "info"),
    ("POST", "shutdown"),
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, demo_template: Path) -> Iterator[Gateway]:
    state = tmp_path_factory.mktemp("real") / "state"
    shutil.copytree(demo_template, state)
    with Gateway(state) as running:
        yield running


@pytest.fixture(scope="module")
def person(gateway: Gateway) -> Iterator[httpx.Client]:
    with contextlib.closing(gateway.sign_in(PERSON)) as client:
        yield client


@pytest.fixture(scope="module")
def kernel(gateway: Gateway, person: httpx.Client) -> Iterator[Kernel]:
    visitor = Visitor(person)
    portal = visitor.open(PORTAL)
    for form in portal.soup.find_all("form"):
        if f"/{PROJECT}/start" in str(form.get("action")):
            data = {str(field["name"]): str(field.get("value", "")) for field in form.find_all("input")}
            visitor.send(str(portal.response.url.join(str(form["action"]))), data, {})
    end = time.monotonic() + 120
    base = f"{gateway.url}/user/{PERSON}/{PROJECT}"
    while person.get(f"{base}/api").status_code != 200:
        assert time.monotonic() < end, gateway.tell()
        time.sleep(0.2)
    with Kernel(person, base) as running:
        assert not running.run(ASK).error
        yield running


def result_of(kernel: Kernel, code: str) -> object:
    told = kernel.run(f"print(json.dumps({code}))")
    assert not told.error, told.error
    return json.loads(told.text)


@pytest.fixture(scope="module")
def token(kernel: Kernel) -> str:
    """A person can always print their own workspace's token, and use it from anywhere."""
    return str(result_of(kernel, "os.environ['JUPYTERHUB_API_TOKEN']"))


def test_its_token_names_its_person_and_nothing_of_others(kernel: Kernel) -> None:
    status, body = result_of(kernel, "ask(HUB, 'GET', '/hub/api/user')")  # type: ignore[misc]
    assert status == 200
    told = json.loads(body)
    assert told["name"] == PERSON
    assert not any(name in body for name in ("researcher-a", "checker", "respiratory"))
    reach = [scope for scope in told["scopes"] if scope.startswith(("access:servers", "servers", "start", "delete"))]
    assert reach == [f"access:servers!server={PERSON}/{PROJECT}"]


@pytest.fixture(scope="module")
def hub(gateway: Gateway) -> Iterator[httpx.Client]:
    """The hub itself, over its private socket: what would be left if the edge let somebody through."""
    socket = StateFolder(gateway.state).run / "hub.sock"
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url=gateway.url, timeout=30) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), [*AT_THE_HUB, ("POST", "oauth2/token"), ("GET", "user")])
def test_from_elsewhere_the_hubs_interface_is_not_there(gateway: Gateway, token: str, method: str, path: str) -> None:
    for url, header in ((path, {"Authorization": f"token {token}"}), (f"{path}?token={token}", {})):
        answer = httpx.request(method, f"{gateway.url}/hub/api/{url}", headers=header, timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-page")


@pytest.mark.parametrize(("method", "path"), AT_THE_HUB)
def test_its_token_does_nothing_at_the_hub_itself(hub: httpx.Client, token: str, method: str, path: str) -> None:
    for scheme in ("token", "Bearer"):
        answer = hub.request(method, f"/hub/api/{path}", headers={"Authorization": f"{scheme} {token}"})
        assert answer.status_code in (400, 401, 403, 404, 405), (path, answer.status_code, answer.text[:200])
    assert hub.request(method, f"/hub/api/{path}?token={token}").status_code in (400, 401, 403, 404, 405)


@pytest.mark.parametrize("path", [PORTAL, "/services/airlock/", "/hub/home", "/hub/admin", "/hub/token"])
def test_from_elsewhere_its_token_opens_no_page(gateway: Gateway, token: str, path: str) -> None:
    answer = httpx.get(gateway.url + path, headers={"Authorization": f"token {token}"}, follow_redirects=False)
    assert answer.status_code in (302, 303, 401, 403, 404)


def test_from_elsewhere_guard_and_airlock_are_not_there(gateway: Gateway, token: str) -> None:
    for path in ("/v1/project", "/v1/query", "/services/guard/v1/project", "/services/airlock/v1/requests"):
        answer = httpx.get(gateway.url + path, headers={"Authorization": f"Bearer {token}", "x-sde-channel": "a" * 32})
        assert answer.status_code in (302, 401, 403, 404)


def test_neither_another_token_nor_none_speaks_on_its_sockets(kernel: Kernel) -> None:
    for made_up in ("", "x" * 32, "null"):
        for socket, target in (("GUARD", "/v1/project"), ("AIRLOCK", "/v1/requests")):
            status, body = result_of(kernel, f"ask({socket}, 'GET', {target!r}, token={made_up!r})")  # type: ignore[misc]
            assert status in (401, 403), body


def test_links_in_the_home_lead_the_contents_api_nowhere_else(
    kernel: Kernel, person: httpx.Client, gateway: Gateway
) -> None:
    kernel.run(
        f"for name, target in (('state', {str(gateway.state)!r}), ('passwd', '/etc/passwd'), ('up', '../..')):\n"
        "    os.symlink(target, '/home/researcher/' + name)"
    )
    base = f"{gateway.url}/user/{PERSON}/{PROJECT}/api/contents"
    for path in ("state", "state/register.db", "up/../../etc/shadow", "..%2f..%2fetc%2fpasswd", "%2e%2e/etc/passwd"):
        answer = person.get(f"{base}/{path}")
        assert answer.status_code != 200 or "register" not in answer.text
    passwd = person.get(f"{base}/passwd")
    assert passwd.status_code != 200 or "researcher" in passwd.text  # at most the sandbox's own


def test_the_environment_of_a_kernel_holds_one_secret(kernel: Kernel, gateway: Gateway) -> None:
    variables = json.dumps(result_of(kernel, "dict(os.environ)"))
    for file in (gateway.state / "keys").iterdir():
        if file.is_file() and file.stat().st_size < 4096:
            for line in file.read_text(errors="replace").splitlines():
                assert len(line) < 16 or line not in variables, file.name


def test_what_the_server_inherits_is_three_streams_its_socket_and_its_own(kernel: Kernel) -> None:
    """Of the host's files only the log, for adding, and the lock that shows that it lives."""
    code = (
        "[os.readlink(f'/proc/{p}/fd/{f}') for p in os.listdir('/proc') if p.isdigit()"
        " for f in os.listdir(f'/proc/{p}/fd') if os.path.lexists(f'/proc/{p}/fd/{f}')]"
    )
    held = result_of(kernel, code)
    assert isinstance(held, list)
    inside = ("/dev/", "/proc/", "/home/", "/tmp/jupyter", "/opt/", "/usr/", "pipe:", "socket:", "anon_inode:")
    assert {Path(path).suffix for path in held if not path.startswith(inside)} <= {".log", ".lock"}, held


def test_after_the_stop_its_token_is_worth_nothing(
    gateway: Gateway, person: httpx.Client, hub: httpx.Client, token: str
) -> None:
    visitor = Visitor(person)
    portal = visitor.open(PORTAL)
    assert portal.has_button("Stop") or portal.has_button("Close")
    portal.press("Stop" if portal.has_button("Stop") else "Close")
    end = time.monotonic() + 60
    while person.get(f"{gateway.url}/user/{PERSON}/{PROJECT}/api", follow_redirects=False).status_code == 200:
        assert time.monotonic() < end
        time.sleep(0.2)
    answer = hub.get("/hub/api/user", headers={"Authorization": f"token {token}"})
    assert answer.status_code in (401, 403)
