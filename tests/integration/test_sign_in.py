"""A real gateway: who gets in, what they may reach, and how it starts, falls and stops."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from governance.audit import verify_chain
from governance.registry import remove_member, suspend_person
from governance.settings import Settings, load_settings
from governance.store import Store, open_store
from governance.store.audit_log import AuditEvent
from hub.services import PORTAL, SUPERVISOR, token_file
from tests.support.gateway import BROWSER, SDE, Gateway

pytestmark = pytest.mark.slow

PEOPLE = {
    "researcher-a": "Amara Osei",
    "researcher-b": "Ben Whitlock",
    "checker-a": "Chidi Marsh",
    "checker-b": "Dana Kowalski",
    "admin": "Ade Holt",
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Gateway]:
    """One gateway for the module, on a state folder with the demonstration (that `sde up` loads it is a functional
    test's matter)."""
    state = shutil.copytree(lab_template, tmp_path_factory.mktemp("gateway") / "state")
    gateway = Gateway(state)
    gateway.environment["SDE_OIDC_SECOND_FACTORS"] = "mfa, demo"  # the demonstration's provider says how: `demo`
    with gateway:
        yield gateway


@pytest.fixture(scope="module")
def state(gateway: Gateway) -> Settings:
    return load_settings(state=gateway.state, port=gateway.port)


@pytest.fixture(scope="module")
def register(state: Settings) -> Iterator[Store]:
    opened = open_store(state)
    yield opened
    opened.close()


def hub_as(state: Settings, service: object) -> httpx.Client:
    """The hub's API with the token of one of the gateway's own services."""
    token = token_file(state, service).read_text()  # type: ignore[arg-type]
    transport = httpx.HTTPTransport(uds=str(state.folder.run / "hub.sock"))
    return httpx.Client(
        transport=transport, base_url="http://hub/hub/api", headers={"Authorization": f"token {token}"}, timeout=60
    )


def events(store: Store, name: str) -> list[AuditEvent]:
    with store.reading() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.event == name).order_by(AuditEvent.seq)))


def wait_until(happened: Callable[[], bool], seconds: float = 90.0) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if happened():
            return True
        time.sleep(0.1)
    return False


def as_page_of(client: httpx.Client, path: str) -> dict[str, str]:
    """The headers of a script on that page, with the form token the hub gave this browser."""
    token = next(
        (cookie.value for cookie in client.cookies.jar if cookie.name == "_xsrf" and cookie.path == "/hub/"), ""
    )
    return {
        "X-XSRFToken": token or "",
        "Referer": f"{client.base_url}{path}",
        "Origin": str(client.base_url).rstrip("/"),
    }


@pytest.mark.parametrize("account", PEOPLE)
def test_each_registered_person_arrives_at_the_portal(gateway: Gateway, register: Store, account: str) -> None:
    with closing(gateway.sign_in(account)) as client:
        answer = client.get("/")
        assert answer.url.path == "/services/portal/"
        assert PEOPLE[account] in answer.text
    assert events(register, "person.signed-in")[-1].actor == account


def test_the_outsider_gets_a_clear_page_and_nothing_else(gateway: Gateway, register: Store, state: Settings) -> None:
    client, answer = gateway.try_sign_in("outsider")
    with closing(client):
        assert answer.status_code == 403
        assert "You have signed in, but you are not registered with this service" in answer.text
        assert "not-registered" in answer.text
        assert "Traceback" not in answer.text
        for path in (
            "/services/portal/",
            "/services/airlock/",
            "/hub/spawn-pending/x",
            "/user/researcher-a/gi-bleed/lab",
        ):
            refused = client.get(path, follow_redirects=False)
            assert refused.status_code in (302, 403), path
        assert "Choose a demo account" in client.get("/services/portal/").text
    assert events(register, "person.sign-in-refused")[-1].actor == "outsider"
    with hub_as(state, SUPERVISOR) as hub:
        assert "outsider" not in {person["name"] for person in hub.get("/users").json()}
    log = (gateway.state / "logs" / "hub.log").read_text()
    assert not re.search(r"code=(?!\[secret\])", log)


def test_signing_out_everywhere_ends_the_sessions_of_every_browser(gateway: Gateway, register: Store) -> None:
    with closing(gateway.sign_in("researcher-a")) as here, closing(gateway.sign_in("researcher-a")) as there:
        account = here.get("/services/portal/account").text
        [token] = set(re.findall(r'name="xsrf" value="([^"]+)"', account))
        for service in ("portal", "airlock"):
            assert there.get(f"/services/{service}/").url.path == f"/services/{service}/"
        own = {"Origin": gateway.url, "Referer": f"{gateway.url}/services/portal/account"}
        assert here.post("/services/portal/account/sign-out", data={"xsrf": token}, headers=own).status_code == 200
        assert wait_until(lambda: "Choose a demo account" in there.get("/services/portal/").text, 20)
        assert "Choose a demo account" in there.get("/services/airlock/").text
        assert "Choose a demo account" in here.get("/services/portal/").text
    assert events(register, "person.signed-out-everywhere")[-1].actor == "researcher-a"
    with closing(gateway.sign_in("researcher-a")) as again:
        assert "Amara Osei" in again.get("/services/portal/").text


def test_signing_out_is_said(gateway: Gateway) -> None:
    with closing(gateway.sign_in("checker-b")) as client:
        assert "You have signed out" in client.get("/hub/logout").text
        assert "Choose a demo account" in client.get("/hub/login").text


def test_the_hubs_errors_are_said_in_our_words(gateway: Gateway) -> None:
    with closing(gateway.sign_in("checker-b")) as client:
        for path, status, words in (
            ("/hub/nowhere", 404, "There is no such page, or it is not open to you."),
            ("/user/researcher-a/gi-bleed/lab", 404, "There is no such page, or it is not open to you."),
            ("/hub/oauth_callback?code=x&state=y", 400, "Begin again from the start page."),
        ):
            answer = client.get(path)
            assert (answer.status_code, words in answer.text) == (status, True), answer.text
            assert not re.search(r"Traceback|None|jupyterhub", answer.text, re.IGNORECASE)


def test_nobody_makes_tokens_shares_or_servers_beyond_their_projects(gateway: Gateway, state: Settings) -> None:
    """The edge knows no such address; and the hub itself, asked with the same browser's cookies, refuses."""
    transport = httpx.HTTPTransport(uds=str(state.folder.run / "hub.sock"))
    with closing(gateway.sign_in("researcher-a")) as client:
        client.get("/hub/user/researcher-a/gi-bleed/lab")  # a page of the hub, for its form token
        headers = as_page_of(client, "hub/")
        assert headers["X-XSRFToken"]
        hub = httpx.Client(transport=transport, base_url=gateway.url, cookies=client.cookies, timeout=60)
        for path in (
            "users/researcher-a/tokens",
            "users/researcher-a/server",
            "users/researcher-a/servers/respiratory",
            "users/researcher-a/servers/brand-new",
            "users/researcher-b/servers/gi-bleed",
            "shares/researcher-a/gi-bleed",
            "users/root",
            "groups/all",
        ):
            assert "no-such-page" in client.post(f"/hub/api/{path}", json={}, headers=headers).text
            answer = hub.post(f"/hub/api/{path}", json={}, headers=headers)
            assert answer.status_code in (403, 404), (path, answer.status_code, answer.text)
        assert hub.get("/hub/api/user", headers=headers).json()["name"] == "researcher-a"
        for path in ("users", "services", "proxy", "groups"):
            assert "no-such-page" in client.get(f"/hub/api/{path}", headers=headers).text
            assert hub.get(f"/hub/api/{path}", headers=headers).status_code == 403, path
        hub.close()


def test_a_person_cannot_reach_somebody_elses_workspace(gateway: Gateway) -> None:
    with closing(gateway.sign_in("researcher-a")) as client:
        for path in ("/user/researcher-b/gi-bleed/lab", "/user/researcher-a/respiratory/lab", "/user/checker-a/lab"):
            assert client.get(path).status_code in (403, 404)


def test_the_portals_token_cannot_do_more_than_open_and_close(state: Settings) -> None:
    with hub_as(state, PORTAL) as hub:
        assert hub.get("/users/researcher-a").json()["name"] == "researcher-a"
        assert hub.get("/users").status_code == 403
        assert hub.post("/users/intruder").status_code == 403
        assert hub.post("/users/researcher-a/tokens", json={}).status_code in (403, 404)
        assert hub.delete("/users/researcher-a").status_code == 403
        assert hub.post("/shutdown", json={}).status_code == 403


def test_only_one_port_is_open_and_every_socket_is_private(gateway: Gateway, state: Settings) -> None:
    listening = subprocess.run(["cat", "/proc/net/tcp"], capture_output=True, text=True).stdout
    inodes = {line.split()[9] for line in listening.splitlines()[1:] if line.split()[3] == "0A"}
    held = {inode for pid in processes_of(gateway) for inode in sockets_of(pid)} & inodes
    assert len(held) == 1
    assert state.folder.run.stat().st_mode & 0o077 == 0
    for file in state.folder.keys.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_secrets_are_in_no_command_line_and_no_log(gateway: Gateway, state: Settings) -> None:
    secrets = [file.read_text().strip() for file in state.folder.keys.glob("hub-token-*")]
    secrets.append((state.folder.keys / "oidc-demo-client-secret").read_text())
    seen = [Path(f"/proc/{pid}/cmdline").read_text() for pid in processes_of(gateway)]
    seen += [log.read_text(errors="replace") for log in state.folder.logs.glob("*.log")]
    assert len(secrets) == 4
    assert not [secret for secret in secrets for text in seen if secret in text]


def test_a_second_gateway_on_the_same_state_is_refused(gateway: Gateway) -> None:
    second = gateway.run("up", check=False)
    assert second.returncode == 1
    assert "already-running" in second.stderr
    reset = gateway.run("demo", "reset", "--yes", check=False)
    assert reset.returncode == 1
    assert "already-running" in reset.stderr


def test_a_taken_port_is_named(gateway: Gateway, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment = {**gateway.environment, "SDE_STATE": str(tmp_path / "other"), "SDE_PORT": str(port)}
        done = subprocess.run([SDE, "up"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "port-in-use" in done.stderr and str(port) in done.stderr


def test_a_gateway_that_cannot_start_says_why_and_leaves_nothing(gateway: Gateway, tmp_path: Path) -> None:
    alone = Gateway(tmp_path / "state")
    alone.environment["SDE_OIDC_ISSUER"] = "http://127.0.0.1:9/nobody"
    with pytest.raises(RuntimeError, match="issuer-not-usable"):
        alone.start()
    assert "service-did-not-start" in alone.console()
    assert "Traceback" not in alone.console()


def test_a_process_that_falls_is_started_again(gateway: Gateway) -> None:
    fallen = pid_of(gateway, "hub.portal")
    os.kill(fallen, signal.SIGKILL)
    assert wait_until(lambda: "portal answers again" in gateway.console()), gateway.tell()
    assert pid_of(gateway, "hub.portal") != fallen
    gateway.sign_in("researcher-a").close()


def test_a_workspace_outlives_the_hub_and_ends_with_the_membership(
    gateway: Gateway, state: Settings, register: Store
) -> None:
    with hub_as(state, PORTAL) as hub, closing(gateway.sign_in("researcher-b")) as client:
        assert hub.post("/users/researcher-b/servers/respiratory").status_code in (201, 202)
        page = "/user/researcher-b/respiratory/lab"
        assert wait_until(lambda: client.get(page).status_code == 200, 60), gateway.tell()
        os.kill(pid_of(gateway, "hub.launch"), signal.SIGKILL)
        away = client.get("/hub/health")
        assert (away.status_code, "not-running" in away.text) == (503, True)
        assert client.get(page).status_code == 200  # the workspace itself is still there
        assert wait_until(lambda: "hub answers again" in gateway.console(), 60), gateway.tell()
        started = hub.get("/users/researcher-b").json()["servers"]["respiratory"]["started"]
        assert wait_until(lambda: client.get(page).status_code == 200), gateway.tell()
        assert hub.get("/users/researcher-b").json()["servers"]["respiratory"]["started"] == started

        remove_member(register, actor="admin", slug="respiratory", subject="researcher-b")
        assert wait_until(lambda: client.get(page).status_code in (403, 404), 10), gateway.tell()
        assert wait_until(lambda: not hub.get("/users/researcher-b").json()["servers"], 60), gateway.tell()
        assert hub.post("/users/researcher-b/servers/respiratory").status_code in (400, 403)


def test_an_edge_that_falls_comes_back_with_its_workspaces(gateway: Gateway, state: Settings) -> None:
    with hub_as(state, PORTAL) as hub, closing(gateway.sign_in("researcher-b")) as client:
        assert hub.post("/users/researcher-b/servers/gi-bleed").status_code in (201, 202)
        page = "/user/researcher-b/gi-bleed/lab"
        assert wait_until(lambda: client.get(page).status_code == 200, 60), gateway.tell()
        os.kill(pid_of(gateway, "hub.edge"), signal.SIGKILL)
        assert wait_until(lambda: "edge answers again" in gateway.console(), 60), gateway.tell()
        assert client.get(page).status_code == 200
        hub.delete("/users/researcher-b/servers/gi-bleed")
        assert wait_until(lambda: client.get(page).status_code == 424, 60), gateway.tell()  # not running, says the hub


def test_a_suspended_person_is_out(gateway: Gateway, state: Settings, register: Store) -> None:
    with hub_as(state, PORTAL) as hub:
        suspend_person(register, actor="admin", subject="researcher-a")
        assert hub.post("/users/researcher-a/servers/gi-bleed").status_code in (400, 403)
        client, answer = gateway.try_sign_in("researcher-a")
        client.close()
        assert answer.status_code == 403
        assert "person-suspended" in answer.text


def test_stopping_leaves_nothing_and_a_second_start_finds_everything(
    gateway: Gateway, state: Settings, register: Store
) -> None:
    with hub_as(state, PORTAL) as hub:
        assert hub.post("/users/researcher-b/servers/gi-bleed").status_code in (201, 202)
        assert wait_until(lambda: hub.get("/users/researcher-b").json()["servers"]["gi-bleed"]["ready"], 60)
    running = processes_of(gateway)
    assert len(running) >= 6
    assert gateway.stop() == 0
    assert "1 workspace closed" in gateway.console()
    assert wait_until(lambda: not [pid for pid in running if Path(f"/proc/{pid}").exists()], 10)

    before = len(events(register, "person.signed-in"))
    gateway.start()
    with closing(gateway.sign_in("researcher-b")) as client:
        assert "Ben Whitlock" in client.get("/").text
    assert len(events(register, "person.signed-in")) == before + 1
    with sqlite3.connect(gateway.state / "hub.sqlite") as database:
        (people,) = database.execute("select count(*) from users").fetchone()
    assert people == len(PEOPLE)
    with register.reading() as session:
        report = verify_chain(session, state.folder.audit_head, state.folder.keys / "audit-signing.pem")
    assert report.holds


def test_the_edge_says_so_while_a_service_is_away(gateway: Gateway) -> None:
    portal = f"{gateway.url}/services/portal/"
    os.kill(pid_of(gateway, "hub.portal"), signal.SIGKILL)
    answer = httpx.get(portal, headers=BROWSER, trust_env=False)
    assert answer.status_code == 503
    assert "Try again in a moment." in answer.text
    assert wait_until(lambda: httpx.get(portal, headers=BROWSER, trust_env=False).status_code < 500)


def processes_of(gateway: Gateway) -> list[int]:
    """Every process below the running `sde up`, itself included; a process that has just ended is left out."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [gateway.pid]
    for parent in found:
        found += [pid for pid, its in parents.items() if its == parent]
    return found


def sockets_of(pid: int) -> set[str]:
    links = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.add(str(entry.readlink()))
        except OSError:
            continue
    return {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:[")}


def pid_of(gateway: Gateway, part: str) -> int:
    return next(pid for pid in processes_of(gateway) if part in Path(f"/proc/{pid}/cmdline").read_text())
