"""A landing that is interrupted at any step, by a failure or by a kill, is finished later: no row twice, none lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from governance.refusal import Refusal
from governance.registry.deliveries import list_deliveries
from governance.settings import Settings
from governance.store import Store
from intake.landing.delivery import discard_delivery, resume_delivery
from tests.support.deliveries import BY, ENTRY, PERSON, VISIT, clinic, current, land, staged, write_csv, write_parquet

__all__ = ["clinic"]
pytestmark = pytest.mark.usefixtures("clinic")


class InterruptionError(Exception):
    """What stops a landing in these tests."""


def make_delivery(folder: Path) -> Path:
    write_parquet(folder, "person", [{**PERSON, "Person": f"p{n}"} for n in range(20)])
    write_csv(folder, "visit", [{**VISIT, "Visit": n, "Person": f"p{n % 20}"} for n in range(200)])
    write_csv(folder, "entry", [{**ENTRY, "Code": f"c{n}"} for n in range(150)] + [{**ENTRY, "Code": ""}])
    return folder


def check_landed_once(settings: Settings, store: Store) -> None:
    for table, rows in (("person", 20), ("visit", 200), ("entry", 150)):
        held = current(settings, store, table)
        assert len(held) == rows
        assert len({row["record_id"] for row in held}) == rows
    with store.reading() as session:
        (view,) = list_deliveries(session)
    assert (view.state, view.rows_in, view.rows_kept, view.rows_quarantined) == ("accepted", 371, 370, 1)
    deliveries = settings.folder.identifiable / "deliveries"
    assert sorted(each.name for each in deliveries.iterdir()) == [".landing", view.id]
    inside = sorted(each.name for each in (deliveries / view.id).iterdir())
    assert inside == ["quarantine", "received", "staged"]


@pytest.mark.slow
def test_a_failure_at_every_step_is_made_good_by_landing_again(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    """The landing fails at its first step, lands again and fails at the second, and so on to the end."""
    folder = make_delivery(tmp_path / "in")
    failed: list[str] = []

    def fail(what: str, done: int, total: int) -> None:
        if what not in failed:
            failed.append(what)
            raise InterruptionError(what)

    for _ in range(100):
        try:
            land(settings, store, folder, progress=fail)
        except InterruptionError:
            continue
        break
    assert {"recording", "staging visit", "moving into place", "recording the checks", "deciding"} <= set(failed)
    check_landed_once(settings, store)


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(28, "full")])
def test_whatever_the_failure_is_it_can_be_resumed(
    settings: Settings, store: Store, tmp_path: Path, failure: BaseException
) -> None:
    folder = make_delivery(tmp_path / "in")

    def fail(what: str, done: int, total: int) -> None:
        if what == "moving into place":
            raise failure

    with pytest.raises(KeyboardInterrupt if isinstance(failure, KeyboardInterrupt) else Refusal):
        land(settings, store, folder, progress=fail)
    with store.reading() as session:
        (view,) = list_deliveries(session)
    assert view.state == "received"
    assert current(settings, store, "entry") == []
    resume_delivery(settings, store, view.id, actor=BY)
    check_landed_once(settings, store)


def test_what_was_interrupted_may_be_given_up_and_landed_again(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    folder = make_delivery(tmp_path / "in")

    def fail(what: str, done: int, total: int) -> None:
        if what == "deciding":
            raise InterruptionError

    with pytest.raises(InterruptionError):
        land(settings, store, folder, progress=fail)
    with store.reading() as session:
        (view,) = list_deliveries(session)
    assert view.state == "validated"
    discard_delivery(settings, store, view.id, actor=BY, reason="sent by mistake")
    report = land(settings, store, folder)
    assert report.delivery.number == view.number and not report.again
    assert len(staged(settings, report, "entry")) == 150
    check_landed_once(settings, store)


@pytest.mark.slow
def test_a_kill_at_every_step_is_made_good_by_landing_again(settings: Settings, store: Store, tmp_path: Path) -> None:
    """SIGKILL: nothing of ours runs any more. Some of the steps, to save time; the failures above take each."""
    folder = make_delivery(tmp_path / "in")
    for step in range(2, 60, 7):
        child = subprocess.run(
            [sys.executable, "-m", "tests.support.landing_crash", str(folder), str(step)],
            cwd=Path(__file__).parents[3],
            env={**os.environ, "SDE_STATE": str(settings.folder.root)},
            capture_output=True,
            check=False,
        )
        if child.returncode != -signal.SIGKILL:
            assert child.returncode == 0, child.stderr.decode()[-2000:]
            break
        for table in ("person", "visit", "entry"):
            assert len(current(settings, store, table)) in (0, {"person": 20, "visit": 200, "entry": 150}[table])
    check_landed_once(settings, store)
