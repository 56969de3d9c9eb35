"""The edge speaks TLS: what browsers get, what plain and slow clients get, renewal, and a whole gateway on it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Coroutine
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from governance.settings import Settings, load_settings
from governance.store import Store
from hub.edge import listener
from hub.services import PORTAL, token_file
from tests.support.edge_lab import PREFIX, Lab, open_lab
from tests.support.gateway import SDE, Gateway, free_port
from tests.support.own_certificate import trusting, write_pair


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    certificate, key = write_pair(settings.folder.root / "tls")
    monkeypatch.setenv("SDE_PORT", str(free_port()))
    monkeypatch.setenv("SDE_TLS_CERTIFICATE_FILE", str(certificate))
    monkeypatch.setenv("SDE_TLS_KEY_FILE", str(key))
    return load_settings()


def in_tls_lab(settings: Settings, store: Store, story: Callable[[Lab], Coroutine[Any, Any, None]]) -> None:
    del store

    async def run() -> None:
        async with open_lab(settings) as lab:
            await story(lab)

    asyncio.run(run())


def trust(settings: Settings) -> ssl.SSLContext:
    assert settings.tls_certificate_file is not None
    return trusting(settings.tls_certificate_file)


def port_of(lab: Lab) -> int:
    return int(lab.url.rpartition(":")[2])


def test_pages_websockets_and_cookies_over_tls(settings: Settings, demo_register: Store) -> None:
    async def story(lab: Lab) -> None:
        assert lab.url.startswith("https://")
        secure = trust(settings)
        async with lab.client.get(f"{lab.url}{PREFIX}lab", ssl=secure) as answer:
            assert answer.status == 200
            assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
            assert "wss://127.0.0.1" in answer.headers["Content-Security-Policy"]
            assert (await answer.json())["headers"]["X-Forwarded-Proto"] == "https"
        async with lab.client.get(f"{lab.url}{PREFIX}files/x", ssl=secure) as refused:
            assert refused.status == 403 and "Strict-Transport-Security" in refused.headers
        async with lab.client.get(f"{lab.url}{PREFIX}cookie", ssl=secure) as answer:
            assert answer.headers["Set-Cookie"].endswith("; Secure")
        async with lab.client.ws_connect(f"{lab.url}{PREFIX}api/kernels/1/channels", ssl=secure) as channel:
            await channel.send_bytes(bytes(300_000))
            assert len(await channel.receive_bytes(timeout=10)) == 300_000

    in_tls_lab(settings, demo_register, story)


def test_old_tls_is_refused(settings: Settings, demo_register: Store) -> None:
    async def story(lab: Lab) -> None:
        old = trust(settings)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(aiohttp.ClientConnectorError):
            await lab.client.get(f"{lab.url}/hub/", ssl=old)

    with pytest.warns(DeprecationWarning):
        in_tls_lab(settings, demo_register, story)


def test_plain_http_is_told_what_this_port_speaks(settings: Settings, demo_register: Store) -> None:
    async def story(lab: Lab) -> None:
        async with lab.client.get(f"http://127.0.0.1:{port_of(lab)}/hub/", allow_redirects=False) as answer:
            assert (answer.status, await answer.text()) == (400, f"This port speaks TLS. Use {lab.url}/\n")
        assert lab.seen == []

    in_tls_lab(settings, demo_register, story)


def test_clients_that_do_not_finish_their_handshake_block_nobody(
    settings: Settings, demo_register: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HANDSHAKE_SECONDS", 1.0)
    monkeypatch.setattr(listener, "MOST_HANDSHAKES", 20)

    async def story(lab: Lab) -> None:
        silent = [await asyncio.open_connection("127.0.0.1", port_of(lab)) for _ in range(60)]
        for _, writer in silent[:30]:
            writer.write(b"\x16\x03\x01")  # begins, and stops
        async with lab.client.get(f"{lab.url}{PREFIX}lab", ssl=trust(settings)) as answer:
            assert answer.status == 200
        for reader, writer in silent:
            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 20) == b""
            writer.close()

    in_tls_lab(settings, demo_register, story)


def test_a_renewed_certificate_drops_nobody(
    settings: Settings, demo_register: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.edge.tls.LOOK_SECONDS", 0.1)

    async def story(lab: Lab) -> None:
        before = trust(settings)
        async with lab.client.ws_connect(f"{lab.url}{PREFIX}api/kernels/1/channels", ssl=before) as channel:
            write_pair(settings.folder.root / "tls")
            after = trust(settings)
            async with asyncio.timeout(20):
                while True:
                    try:
                        async with aiohttp.ClientSession() as fresh, fresh.get(f"{lab.url}/hub/", ssl=after) as answer:
                            assert answer.status == 200
                            break
                    except aiohttp.ClientConnectorError:
                        await asyncio.sleep(0.1)
            await channel.send_str("still here")
            assert await channel.receive_str(timeout=10) == "still here"

    in_tls_lab(settings, demo_register, story)


def start_workspace(gateway: Gateway) -> None:
    """As the portal does: by its own token, over the hub's socket."""
    settings = load_settings(state=gateway.state)
    token = token_file(settings, PORTAL).read_text()
    hub = httpx.HTTPTransport(uds=str(settings.folder.run / "hub.sock"))
    with httpx.Client(transport=hub, headers={"Authorization": f"token {token}"}, timeout=60) as client:
        answer = client.post("http://hub/hub/api/users/researcher-a/servers/gi-bleed")
    assert answer.status_code in (201, 202), answer.text


@pytest.mark.slow
def test_a_whole_gateway_over_tls(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> None:
    state = shutil.copytree(lab_template, tmp_path_factory.mktemp("gateway") / "state")
    certificate, key = write_pair(state / "keys" / "tls")
    gateway = Gateway(state)
    gateway.url = gateway.url.replace("http:", "https:")
    gateway.trusts = trusting(certificate)
    gateway.environment |= {"SDE_TLS_CERTIFICATE_FILE": "keys/tls/certificate.pem", "SDE_TLS_KEY_FILE": str(key)}
    with gateway, closing(gateway.sign_in("researcher-a")) as client:
        page = client.get("/")
        assert "Amara Osei" in page.text and "Strict-Transport-Security" in page.headers
        start_workspace(gateway)
        ends = time.monotonic() + 90
        while (lab := client.get("/user/researcher-a/gi-bleed/lab")).status_code != 200:
            assert time.monotonic() < ends, gateway.tell()
            time.sleep(0.2)
        assert "Strict-Transport-Security" in lab.headers
        assert {cookie.path for cookie in client.cookies.jar} >= {"/hub/", "/user/researcher-a/gi-bleed/"}
        assert all(cookie.secure for cookie in client.cookies.jar)
        doctor = gateway.run("doctor", "--json", check=False)
        assert "its certificate ends on" in doctor.stdout


@pytest.mark.slow
def test_a_gateway_refuses_to_start_on_a_key_that_others_can_read(settings: Settings) -> None:
    assert settings.tls_key_file is not None
    settings.tls_key_file.chmod(0o644)
    done = subprocess.run([SDE, "up"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, "tls-key-open" in done.stderr) == (1, True)
