"""The keeper as the process that is supervised: small, prompt to start a round and to end, and never two of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from governance.clock import now
from governance.extracts import load_project_data
from governance.registry import current_extract
from governance.registry.keeper import DutyState, list_duties
from governance.settings import Settings
from governance.store import Store
from hub.supervisor.programs import gateway_programs
from intake.cut.pipeline import ExtractOrder, build_extract
from intake.cut.regional import RegionSource, newest_region
from intake.keeper.duties import DUTIES
from intake.optouts.loading import load_opt_outs
from tests.support.keeper_world import BY, KeeperWorld
from tests.support.opt_out_region import ask_and_answer, make_spine, nhs_number, write_opt_outs
from tests.support.region_lab import person, put_region

pytestmark = pytest.mark.slow

SECONDS = 40.0
PEOPLE = range(1, 41)
QUICK = "first=0.2, every=3600.0, look=0.3, stop=4.0"
#: A keeper with a pace for tests; the command of its rounds as arguments.
KEEPER = f"""
import sys
from pathlib import Path
from governance.state import StateFolder
from intake.keeper.watch import ROUND, Keeper, Pace
command = tuple(sys.argv[2:]) or ROUND
sys.exit(0 if Keeper(StateFolder(Path(sys.argv[1])), Pace({QUICK}), command).keep() else 1)
"""


def wait_until(holds: Callable[[], bool]) -> bool:
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.05)
    return holds()


@contextmanager
def keeper(settings: Settings, log: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    arguments = (sys.executable, "-c", KEEPER, str(settings.folder.root), *command)
    environment = {**os.environ, "SDE_STATE": str(settings.folder.root)}
    with log.open("ab") as opened:
        process = subprocess.Popen(arguments, env=environment, stderr=opened, start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def events(log: Path) -> list[str]:
    return [json.loads(line)["event"] for line in log.read_text().splitlines() if line.startswith("{")]


def test_rounds_are_done_at_the_start_and_soon_after_news(
    settings: Settings, demo_register: Store, tmp_path: Path
) -> None:
    """Real rounds over a real register."""
    settings.folder.create()
    world, log = KeeperWorld(settings, demo_register), tmp_path / "keeper.log"

    def states() -> dict[str, str]:
        with demo_register.reading() as session:
            return {duty.name: duty.state for duty in list_duties(session)}

    with keeper(settings, log) as process:
        assert wait_until(lambda: set(states()) == {duty.name for duty in DUTIES}), log.read_text()
        assert set(states().values()) == {DutyState.DONE}
        world.region("r1")  # its folder is the news: an answer of the check service is missing now
        assert wait_until(lambda: states()["watch-answer"] == DutyState.WARNED), log.read_text()
        world.opt_out()
        world.answered(now())
        assert wait_until(lambda: states()["watch-answer"] == DutyState.DONE), log.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    told = [event for event in events(log) if event != "keeper.interrupted"]  # the last round may still be at work
    assert told == ["keeper.started", "keeper.warned", "keeper.stopped"]


def test_told_to_stop_it_interrupts_its_round_and_waits(settings: Settings, tmp_path: Path) -> None:
    """As Ctrl-C would: what the round was building is put away before the keeper ends."""
    settings.folder.create()
    script = f"""
import pathlib, subprocess, sys, time
place = pathlib.Path({str(tmp_path)!r})
site = place / "building"
try:
    site.touch()
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.5)
    site.unlink()
    (place / "put-away").touch()
    sys.exit(130)
"""
    log = tmp_path / "keeper.log"
    with keeper(settings, log, sys.executable, "-c", script) as process:
        assert wait_until((tmp_path / "building").exists), log.read_text()
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGTERM)  # as the supervisor does: to the whole group
        assert process.wait(SECONDS) == 0
        assert time.monotonic() - began < SECONDS / 2
    assert (tmp_path / "put-away").exists()
    assert not (tmp_path / "building").exists()


def test_a_round_that_does_not_end_is_ended_with_all_it_started(settings: Settings, tmp_path: Path) -> None:
    settings.folder.create()
    stubborn = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    script = f"""
import pathlib, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", {stubborn!r}])
written = pathlib.Path({str(tmp_path / "child.part")!r})
written.write_text(str(child.pid))
written.rename({str(tmp_path / "child")!r})
child.wait()
"""
    log = tmp_path / "keeper.log"
    with keeper(settings, log, sys.executable, "-c", script) as process:
        assert wait_until((tmp_path / "child").exists), log.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    child = int((tmp_path / "child").read_text())
    assert wait_until(lambda: not is_alive(child))


def test_a_killed_keeper_leaves_no_round_behind(settings: Settings, tmp_path: Path) -> None:
    settings.folder.create()
    script = f"""
import pathlib, time
try:
    pathlib.Path({str(tmp_path / "running")!r}).touch()
    time.sleep(60)
except KeyboardInterrupt:
    pathlib.Path({str(tmp_path / "interrupted")!r}).touch()
"""
    with keeper(settings, tmp_path / "keeper.log", sys.executable, "-c", script) as process:
        assert wait_until((tmp_path / "running").exists)
        process.kill()
        assert wait_until((tmp_path / "interrupted").exists)


def test_two_keepers_never_keep_one_state_folder(settings: Settings, tmp_path: Path) -> None:
    settings.folder.create()
    log, other = tmp_path / "keeper.log", tmp_path / "other.log"
    with keeper(settings, log, "true"):
        assert wait_until(lambda: "keeper.started" in log.read_text())
        with keeper(settings, other, "true") as second:
            assert second.wait(SECONDS) == 1
    assert events(other) == ["keeper.not-started"]


def test_supervised_it_is_small_and_says_that_it_works(settings: Settings) -> None:
    """The very program that the supervisor starts."""
    settings.folder.create()
    (program,) = (program for program in gateway_programs(settings) if program.name == "keeper")
    with program.log.open("ab") as log:
        process = subprocess.Popen(program.arguments, env=dict(program.environment), cwd=program.folder, stderr=log)
    try:
        assert wait_until(lambda: is_ready(program.is_ready))
        rolled = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        resident = int(next(line for line in rolled.splitlines() if line.startswith("Pss:")).split()[1])
        assert resident < 16 * 1024  # KiB
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        process.wait()
    assert not is_ready(program.is_ready)


def is_ready(ask: Callable[[], object]) -> bool:

    return bool(asyncio.run(ask()))  # type: ignore[arg-type]


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def region(settings: Settings, demo_register: Store, tmp_path: Path) -> KeeperWorld:
    """A region of forty people, one of whom opted out, and a project's extract cut from it."""
    settings.folder.create()
    make_spine(settings, {number: [nhs_number(number)] for number in PEOPLE})
    people = [person(number, "gp") for number in PEOPLE]
    put_region(settings, demo_register, "r1", {"person": people})
    load_opt_outs(settings, demo_register, opted_out(tmp_path, 3), actor=BY)
    ask_and_answer(settings, demo_register, tmp_path)
    order = ExtractOrder("gi-bleed", RegionSource(settings, newest_region(demo_register)))
    assert build_extract(settings, demo_register, order, actor=BY).people == len(PEOPLE) - 1
    return KeeperWorld(settings, demo_register)


def opted_out(folder: Path, number: int) -> Path:
    return write_opt_outs(folder / f"opt-outs-{number}.csv", [f"{nhs_number(number)},local,,active,2019-01-01,"])


def people_of(store: Store) -> int:
    with store.reading() as session:
        extract = current_extract(session, "gi-bleed")
    assert extract is not None
    return extract.people


def test_a_new_opt_out_is_gone_from_the_extract_without_anybody_asking(region: KeeperWorld, tmp_path: Path) -> None:
    settings, store, log = region.settings, region.store, tmp_path / "keeper.log"
    with keeper(settings, log) as process:
        assert wait_until((settings.folder.run / "keeper-round.lock").exists)
        load_opt_outs(settings, store, opted_out(tmp_path, 4), actor=BY)
        assert wait_until(lambda: people_of(store) == len(PEOPLE) - 2), log.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    with store.reading() as session:
        load_project_data(settings, session, "gi-bleed")  # as the register says it is


def test_a_refresh_that_is_stopped_leaves_nothing_half_written(region: KeeperWorld, tmp_path: Path) -> None:
    settings, store, log = region.settings, region.store, tmp_path / "keeper.log"
    load_opt_outs(settings, store, opted_out(tmp_path, 4), actor=BY)
    extracts = settings.folder.extracts / "gi-bleed"

    def building() -> list[Path]:
        return list(extracts.glob(".building-*"))

    with keeper(settings, log) as process:
        assert wait_until(lambda: bool(building()) or people_of(store) < len(PEOPLE) - 1), log.read_text()
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    assert building() == []
    with store.reading() as session:
        load_project_data(settings, session, "gi-bleed")
    with keeper(settings, log):  # a new gateway goes on where it was
        assert wait_until(lambda: people_of(store) == len(PEOPLE) - 2), log.read_text()
