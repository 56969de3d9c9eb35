"""The supervisor's parts: logs, the lock, the port, secrets, and a process that is watched."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub.services import AIRLOCK, GUARD, PORTAL, SERVICES, read_or_make_secret, service_environment
from hub.supervisor import logs
from hub.supervisor.child import Child, Program
from hub.supervisor.lock import check_no_run, hold_state
from hub.supervisor.programs import gateway_programs
from hub.supervisor.readiness import on_port, on_socket
from hub.supervisor.supervisor import check_port_free


def test_a_log_is_turned_over_when_it_has_grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST_BYTES", 5)
    log = tmp_path / "guard.log"
    for number in range(6):
        log.write_text(f"run {number}")
        logs.turn_over(log)
        assert not log.exists()
    kept = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert kept == {"guard.log.1": "run 5", "guard.log.2": "run 4", "guard.log.3": "run 3"}


def test_a_short_log_stays_and_is_private(tmp_path: Path) -> None:
    log = tmp_path / "guard.log"
    for line in (b"one\n", b"two\n"):
        logs.turn_over(log)
        with logs.open_log(log) as opened:
            opened.write(line)
    assert logs.last_lines(log, 1) == ["two"]
    assert log.stat().st_mode & 0o077 == 0
    assert logs.last_lines(tmp_path / "none.log", 5) == []


def test_one_gateway_holds_the_state(settings: Settings) -> None:
    settings.folder.create()
    with hold_state(settings), pytest.raises(Refusal, match="already-running"), hold_state(settings):
        pass
    with hold_state(settings):
        pass


def test_a_gateway_waits_for_a_run_that_lends_its_sockets(settings: Settings) -> None:
    import fcntl

    settings.folder.create()
    check_no_run(settings)
    with (settings.folder.run / "services.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with pytest.raises(Refusal, match="run-in-progress"):
            check_no_run(settings)


def test_a_taken_port_is_refused_by_name(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refusal, match=f"port-in-use.*{port}"):
            check_port_free(load_settings(port=port))


def test_a_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    first = read_or_make_secret(file)
    assert len(first) == 64
    assert read_or_make_secret(file) == first
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    with pytest.raises(PermissionError):
        read_or_make_secret(file)


def test_secrets_travel_by_environment_to_their_own_service_only(settings: Settings) -> None:
    settings.folder.create()
    programs = {program.name: program for program in gateway_programs(settings)}
    assert set(programs) == {"hub", "keeper", *(service.name for service in SERVICES)}
    tokens = {name: program.environment.get("JUPYTERHUB_API_TOKEN") for name, program in programs.items()}
    assert tokens["portal"] and tokens["airlock"] and tokens["portal"] != tokens["airlock"]
    assert tokens["hub"] is tokens["guard"] is tokens["provider"] is None
    for program in programs.values():
        words = " ".join(program.arguments)
        assert not any(token in words or token in repr(program) for token in tokens.values() if token)
        assert program.environment["SDE_STATE"] == str(settings.folder.root)


def test_nothing_of_another_hub_is_handed_on(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.folder.create()
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of another hub")
    monkeypatch.setenv("OAUTH_CLIENT_SECRET", "of another hub")
    assert all("of another hub" not in program.environment.values() for program in gateway_programs(settings))


def test_production_runs_no_demo_provider(settings: Settings) -> None:
    settings.folder.create()
    production = load_settings(oidc_issuer="https://sign-in.example.org")
    assert "provider" not in {program.name for program in gateway_programs(production)}


def test_a_service_learns_where_the_hub_is(settings: Settings) -> None:
    settings.folder.create()
    found = service_environment(settings, PORTAL)
    assert found["JUPYTERHUB_API_URL"].startswith("http+unix://%2F")
    assert found["JUPYTERHUB_CLIENT_ID"] == "service-portal"
    assert found["JUPYTERHUB_OAUTH_ACCESS_SCOPES"] == '["access:services!service=portal"]'
    assert service_environment(settings, AIRLOCK)["JUPYTERHUB_SERVICE_PREFIX"] == "/services/airlock/"
    assert service_environment(settings, GUARD) == {}


def program(tmp_path: Path, script: str) -> Program:
    ready = tmp_path / "ready.sock"
    arguments = (sys.executable, "-S", "-c", script)
    return Program("sample", arguments, dict(os.environ), tmp_path, tmp_path / "sample.log", on_socket(ready, "/"))


def test_a_process_that_ends_before_it_answers_is_noticed(tmp_path: Path) -> None:
    async def story() -> None:
        child = await Child.start(program(tmp_path, "import sys; print('no luck'); sys.exit(7)"))
        assert not await child.wait_ready()
        assert child.process.returncode == 7

    asyncio.run(story())
    assert logs.last_lines(tmp_path / "sample.log", 3) == ["no luck"]


def test_stopping_a_process_stops_its_children_and_the_stubborn(tmp_path: Path) -> None:
    script = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "print(child or os.getpid(), flush=True)\n"
        "time.sleep(60)\n"
    )

    async def story() -> None:
        child = await Child.start(program(tmp_path, script))
        while len(logs.last_lines(tmp_path / "sample.log", 2)) < 2:
            await asyncio.sleep(0.01)
        await child.stop(grace=0.05)
        assert not child.is_running

    asyncio.run(story())
    inner = int(logs.last_lines(tmp_path / "sample.log", 1)[0])
    end = time.monotonic() + 60  # the kill was sent; the kernel may take a moment on a busy machine
    while is_alive(inner) and time.monotonic() < end:
        time.sleep(0.01)
    assert not is_alive(inner)


def is_alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_readiness_is_an_answer_that_is_no_server_error(tmp_path: Path) -> None:
    async def story() -> None:
        statuses = iter((200, 404, 302, 500, 503))

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 {next(statuses)} X\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()

        async with await asyncio.start_unix_server(answer, tmp_path / "s.sock"):
            asked = on_socket(tmp_path / "s.sock", "/health")
            assert [await asked() for _ in range(5)] == [True, True, True, False, False]
        assert not await on_socket(tmp_path / "none.sock", "/")()
        assert not await on_port("127.0.0.1", 9, "/")()

    asyncio.run(story())
