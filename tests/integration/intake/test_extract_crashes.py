"""Builds that are killed or run out of room, at any step: the old extract stays in force, nothing else is left."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from governance.extracts import check_extract_bytes
from governance.refusal import Refusal
from governance.registry import current_extract, record_extract
from governance.settings import Settings, load_settings
from governance.store import Store, open_store
from intake.cut import pipeline
from intake.cut.pipeline import ExtractOrder, build_extract
from intake.cut.source import AdoptedDatabase

pytestmark = pytest.mark.slow

BY, PROJECT = "operator:test", "gi-bleed"
REFUSED, DONE = 7, 0


def write_source(folder: Path, people: int) -> Path:
    folder.mkdir()
    lines = [f"{number},8507,{1940 + number % 60}" for number in range(people)]
    (folder / "person.csv").write_text("\n".join(["person_id,gender_concept_id,year_of_birth", *lines]) + "\n")
    return folder


def order(source: Path) -> ExtractOrder:
    return ExtractOrder(PROJECT, AdoptedDatabase(source, "synthetic data"))


@pytest.fixture
def world(settings: Settings, demo_register: Store, tmp_path: Path) -> Iterator[tuple[Settings, Store, Path]]:
    """An extract in force, and a source for the next one."""
    build_extract(settings, demo_register, order(write_source(tmp_path / "old", 20)), actor=BY)
    yield settings, demo_register, write_source(tmp_path / "new", 20_000)


def in_a_child(state: Path, source: Path, before: Callable[[], None], step: str) -> int:
    """Build in a process that kills itself at a step; its status, negative if killed."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            before()
            settings = load_settings(state=state)

            def progress(what: str, done: int, total: int) -> None:
                if what == step:
                    os.kill(os.getpid(), signal.SIGKILL)

            build_extract(settings, open_store(settings), order(source), actor=BY, progress=progress)
            status = DONE
        except Refusal as refusal:
            status = REFUSED if refusal.code == "disk-full" else 98
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check_old_in_force(settings: Settings, store: Store) -> str:
    with store.reading() as session:
        held = current_extract(session, PROJECT)
        check_extract_bytes(settings, session, PROJECT)
    assert held is not None
    assert held.people == 20
    return held.folder


def test_a_killed_build_leaves_the_old_extract_and_the_next_one_sweeps(world: tuple[Settings, Store, Path]) -> None:
    settings, store, source = world
    for step in ("choosing people", "copying person", "sealing"):
        assert in_a_child(settings.folder.root, source, lambda: None, step) == -signal.SIGKILL
        old = check_old_in_force(settings, store)
    report = build_extract(settings, store, order(source), actor=BY)
    assert report.people == 20_000
    left = {found.name for found in (settings.folder.extracts / PROJECT).iterdir()}
    assert left == {old.partition("/")[2], report.folder.partition("/")[2]}


def test_no_room_is_said_in_words_and_leaves_nothing(world: tuple[Settings, Store, Path]) -> None:
    settings, store, source = world

    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**17, 2**17))  # the register fits, the extract does not

    before = set((settings.folder.extracts / PROJECT).iterdir())
    assert in_a_child(settings.folder.root, source, no_room, "") == REFUSED
    check_old_in_force(settings, store)
    assert set((settings.folder.extracts / PROJECT).iterdir()) == before


def test_an_interrupt_when_all_is_on_record_takes_nothing_back(
    world: tuple[Settings, Store, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, store, source = world

    def interrupted(*place: Any, **facts: Any) -> None:
        record_extract(*place, **facts)
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "record_extract", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_extract(settings, store, order(source), actor=BY)
    with store.reading() as session:
        held = current_extract(session, PROJECT)
        check_extract_bytes(settings, session, PROJECT)
    assert held is not None
    assert held.people == 20_000
