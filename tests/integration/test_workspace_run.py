"""`sde workspace run`: the spawner's sandbox for one command, without a hub, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from governance.audit import verify_chain
from governance.settings import Settings, load_settings
from governance.store import Store, open_store
from governance.store.audit_log import AuditEvent
from governance.store.channels import Channel
from hub import orphans, workspace_run
from hub.lent_services import services_for_a_run
from hub.limits import PREFIX, find_groups
from hub.names import RUN_PREFIX, WorkspacePlaces, places_of
from hub.orphans import sweep_dead_runs
from hub.processes import wait_until
from hub.sandbox_process import Streams

pytestmark = pytest.mark.slow

SDE = Path(sys.executable).with_name("sde")
PERSON, PROJECT = "researcher-a", "gi-bleed"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, demo_template: Path, gibleed: Path) -> Settings:
    """A state folder with the demonstration's register and the extract of one project."""
    state = tmp_path_factory.mktemp("run") / "state"
    shutil.copytree(demo_template, state)
    settings = load_settings(state=state)
    settings.folder.create()
    adopt = [SDE, "extract", "adopt", PROJECT, gibleed, "--opt-outs", "synthetic data"]
    done = subprocess.run(adopt, env=environment(settings), capture_output=True)
    assert done.returncode == 0, done.stderr
    return settings


@pytest.fixture(scope="module")
def register(gateway: Settings) -> Iterator[Store]:
    store = open_store(gateway)
    yield store
    store.close()


@pytest.fixture(scope="class")
def services(gateway: Settings) -> Iterator[None]:
    """Guard and airlock kept running, as another run would keep them."""
    ready, done = threading.Event(), threading.Event()

    async def hold() -> None:
        async with services_for_a_run(gateway):
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(hold()))
    thread.start()
    try:
        assert ready.wait(90)
        yield
    finally:
        done.set()
        thread.join(60)


def environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "SDE_STATE": str(settings.folder.root), "HOST_SECRET": "never"}


def command(*words: str, project: str = PROJECT, person: str = PERSON) -> list[str]:
    return [str(SDE), "workspace", "run", project, "--as", person, "--", *words]


def run(settings: Settings, *words: str, given: str = "", **who: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words, **who), env=environment(settings), input=given, capture_output=True, text=True, timeout=120
    )


def events(store: Store) -> list[AuditEvent]:
    with store.reading() as session:
        return list(session.scalars(select(AuditEvent).order_by(AuditEvent.seq)))


def all_closed(store: Store) -> bool:
    with store.reading() as session:
        return session.scalar(select(Channel).where(Channel.closed_at.is_(None))) is None


def answers(settings: Settings) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(settings.folder.run / "guard.sock"))
        except OSError:
            return False
    return True


@pytest.mark.usefixtures("services")
class TestWithServices:
    def test_streams_and_exit_code_are_the_commands_own(self, gateway: Settings) -> None:
        done = run(gateway, "sh", "-c", "cat; echo said >&2; exit 7", given="hello\n")
        assert (done.stdout, done.stderr.strip(), done.returncode) == ("hello\n", "said", 7)

    def test_a_signal_becomes_an_exit_code_as_in_a_shell(self, gateway: Settings) -> None:
        assert run(gateway, "sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM

    def test_a_run_that_goes_on_filling_its_home_is_ended(
        self, gateway: Settings, register: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workspace_run, "DISK_SECONDS", 0.05)
        small = gateway.model_copy(update={"workspace_home_bytes": 8 * 2**20})
        fill = "i=0; while true; do head -c 1000000 /dev/urandom > fill$i; i=$((i+1)); sleep 0.1; done"
        request = workspace_run.RunRequest("operator:test", PERSON, PROJECT, ("sh", "-c", fill))
        quiet = Streams(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        home = places_of(gateway.folder, PERSON, PROJECT).home
        try:
            assert workspace_run.run_in_workspace(small, register, request, quiet) == 128 + signal.SIGXFSZ
            assert events(register)[-1].event == "workspace.run_ended"
        finally:
            for file in home.glob("fill*"):
                file.unlink()

    def test_a_command_that_does_not_exist_fails_like_in_a_shell(self, gateway: Settings) -> None:
        assert run(gateway, "no-such-program").returncode == 127

    def test_a_query_is_answered_without_a_hub(self, gateway: Settings, register: Store) -> None:
        code = "import sde; print(int(sde.sql('SELECT count(*) AS n FROM person')['n'][0]))"
        done = run(gateway, "python", "-c", code)
        assert done.returncode == 0, done.stderr
        people = int(done.stdout.split()[-1] if done.stdout.split()[-1].isdigit() else done.stdout.split()[0])
        assert people % 5 == 0
        assert 2690 <= people <= 2700
        assert any(event.event == "query.answered" and event.actor == PERSON for event in events(register))

    def test_the_home_is_the_workspaces_own_and_stays(self, gateway: Settings) -> None:
        assert run(gateway, "sh", "-c", "echo kept > note.txt; ls").stdout.count("first-steps.ipynb") == 1
        assert run(gateway, "cat", "note.txt").stdout == "kept\n"
        home = places_of(gateway.folder, PERSON, PROJECT).home
        assert (home / "note.txt").read_text() == "kept\n"

    def test_the_walls_are_the_spawners(self, gateway: Settings) -> None:
        code = """
import json, os, socket
status = dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines())
print(json.dumps([socket.if_nameindex(), status['Seccomp'].strip(), status['CapBnd'].strip(),
                  sorted(n for n in os.environ if n.startswith('JUPYTERHUB_') or 'SECRET' in n or 'SDE' in n)]))
"""
        interfaces, filtered, bounding, names = json.loads(run(gateway, "python", "-c", code).stdout)
        assert interfaces == [[1, "lo"]]
        assert (filtered, int(bounding, 16)) == ("2", 0)
        assert names == ["JUPYTERHUB_API_TOKEN", "JUPYTERHUB_SERVER_NAME", "JUPYTERHUB_USER"]

    def test_both_ends_are_audited_under_the_operators_name(self, gateway: Settings, register: Store) -> None:
        before = len(events(register))
        run(gateway, "false")
        new = [event for event in events(register)[before:] if event.event.startswith("workspace.")]
        assert [event.event for event in new] == [
            "workspace.opened",
            "workspace.run_started",
            "workspace.closed",
            "workspace.run_ended",
        ]
        assert {event.project for event in new} == {PROJECT}
        assert new[1].actor.startswith("operator:")
        assert json.loads(new[3].detail)["exit_code"] == 1
        assert all_closed(register)

    def test_no_folder_of_the_run_is_left(self, gateway: Settings) -> None:
        run(gateway, "true")
        assert list((gateway.folder.run / "w").iterdir()) == []

    @pytest.mark.parametrize(
        ("person", "project", "code"),
        [
            (PERSON, "respiratory", "not-a-member"),
            (PERSON, "no-such-project", "not-a-member"),
            ("outsider", PROJECT, "not-registered"),
            ("checker-a", PROJECT, "not-a-member"),
        ],
    )
    def test_nobody_without_approval_gets_a_sandbox(
        self, gateway: Settings, register: Store, person: str, project: str, code: str
    ) -> None:
        before = len(events(register))
        done = run(gateway, "true", person=person, project=project)
        assert done.returncode == 1
        assert done.stderr.startswith(f"[{code}]")
        assert not places_of(gateway.folder, person, project).home.exists()
        assert len(events(register)) == before

    def test_two_at_once_do_not_disturb_each_other(self, gateway: Settings) -> None:
        one, two = (
            subprocess.Popen(
                command("sh", "-c", "sleep 1; ls /run/guard; ls ~"), env=environment(gateway), stdout=subprocess.PIPE
            )
            for _ in range(2)
        )
        outputs = [process.communicate(timeout=60)[0] for process in (one, two)]
        assert outputs[0] == outputs[1]
        assert b"guard.sock" in outputs[0]

    def test_killing_the_operators_process_ends_the_sandbox_and_the_next_run_tidies_up(
        self, gateway: Settings, register: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mark = "86399.25"
        process = subprocess.Popen(command("sleep", mark), env=environment(gateway))
        assert wait_until(lambda: _runs(mark), 30)
        process.kill()
        process.wait()
        assert wait_until(lambda: not _runs(mark), 10)

        sweep_dead_runs(gateway, register)
        assert not all_closed(register)  # it could be a run that is just starting
        monkeypatch.setattr(orphans, "OLD_SECONDS", -1.0)
        sweep_dead_runs(gateway, register)
        assert all_closed(register)
        assert list((gateway.folder.run / "w").iterdir()) == []
        groups = find_groups(delegate=False).parents.values()
        assert not [
            group for parent in groups for group in parent.glob(f"{PREFIX}*-{RUN_PREFIX}*") if _is_ours(group, gateway)
        ]


def test_services_are_lent_and_ctrl_c_ends_all_of_it(gateway: Settings, register: Store) -> None:
    assert not answers(gateway)
    mark = "86399.75"
    process = subprocess.Popen(command("sleep", mark), env=environment(gateway))
    try:
        assert wait_until(lambda: _runs(mark), 90)
        assert answers(gateway)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 128 + signal.SIGINT
    finally:
        process.kill()
    assert not _runs(mark)
    assert not answers(gateway)
    assert events(register)[-1].event == "workspace.run_ended"
    with register.reading() as session:
        assert verify_chain(session, register.audit_head, register.signing_key).holds


def _is_ours(group: Path, settings: Settings) -> bool:
    return WorkspacePlaces(settings.folder, "", "").group in group.name


def _runs(mark: str) -> bool:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if file.read_bytes() == f"sleep\0{mark}\0".encode():
                return True
        except OSError:
            continue
    return False
