"""Changes of the opt-outs are whole or not at all: crashes, two at once, old copies put back, a full disk."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from governance.clock import today
from governance.refusal import Refusal
from governance.registry.opt_outs import current_opt_out_version, opt_out_versions
from governance.settings import Settings
from governance.store import Store
from governance.store.audit_log import AuditEvent
from intake.optouts import Use
from intake.optouts.changes import has_changed_since
from intake.optouts.choice import Choice
from intake.optouts.loading import load_opt_outs, record_choice
from intake.optouts.words import Kind, Status
from intake.places import IntakePlaces
from tests.support.moving_clock import MovingClock
from tests.support.opt_out_region import ACTOR, ask_and_answer, denied, make_spine, nhs_number, write_opt_outs

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

ROOT = Path(__file__).parents[3]
ONE = nhs_number(1)


def local(number: int, status: Status = Status.ACTIVE, days: int = 0) -> Choice:
    return Choice(number, Kind.LOCAL, "", status, today() + timedelta(days=days))


def version_of(store: Store) -> int:
    with store.reading() as session:
        current = current_opt_out_version(session)
    return 0 if current is None else current.number


#: A child that loads a file and dies, or pauses, where it is told to.
CHILD = """
import os, sys, time
from pathlib import Path
from governance.settings import load_settings
from governance.store import open_store
from intake.optouts import changing
from intake.optouts.loading import load_opt_outs

where = sys.argv[2]
install = changing._install
def die_before(*files): os._exit(9)
def die_after(*files): install(*files); os._exit(9)
if where != "nowhere":
    changing._install = {"before": die_before, "after": die_after}[where]
settings = load_settings()
load_opt_outs(settings, open_store(settings), Path(sys.argv[1]), actor="operator:test")
"""


def child(file: Path, where: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CHILD, str(file), where], cwd=ROOT, env=dict(os.environ))


@pytest.mark.slow
@pytest.mark.parametrize(("where", "loaded"), [("before", False), ("after", True)])
def test_a_crash_leaves_the_state_before_or_the_state_after(
    settings: Settings, store: Store, tmp_path: Path, where: str, loaded: bool
) -> None:
    make_spine(settings, {1: [ONE], 2: [nhs_number(2)]})
    ask_and_answer(settings, store, tmp_path)
    before = version_of(store)
    file = write_opt_outs(tmp_path / "o.csv", [f"{ONE},local,,active,,"])
    assert child(file, where).wait(60) == 9
    assert version_of(store) == before  # the register's transaction was never ended
    assert bool(denied(settings, Use.LOCAL_RESEARCH, [1, 2])) is loaded
    record_choice(settings, store, local(nhs_number(2)), actor=ACTOR)
    with store.reading() as session:
        events = [(row.event, row.actor) for row in session.scalars(select(AuditEvent).order_by(AuditEvent.seq))]
        assert [view.number for view in opt_out_versions(session)] == list(range(1, before + 2 + loaded))
    assert (("optouts.loaded", "service:intake") in events) is loaded
    assert not list(IntakePlaces.of(settings).identifiable.glob(".building-*"))
    found = {person for person, _ in denied(settings, Use.LOCAL_RESEARCH, [1, 2])}
    assert found == ({1, 2} if loaded else {2})


@pytest.mark.slow
def test_loads_at_the_same_time_come_one_after_the_other(settings: Settings, store: Store, tmp_path: Path) -> None:
    numbers = [nhs_number(place) for place in range(4)]
    make_spine(settings, dict(enumerate([number] for number in numbers)))
    files = [write_opt_outs(tmp_path / f"{n}.csv", [f"{number},local,,active,,"]) for n, number in enumerate(numbers)]
    children = [child(file, "nowhere") for file in files]
    assert [one.wait(120) for one in children] == [0] * 4
    with store.reading() as session:
        assert [view.number for view in opt_out_versions(session)] == [1, 2, 3, 4]
        assert opt_out_versions(session)[-1].counts == {"local.active": 4}
    assert set(denied(settings, Use.LOCAL_RESEARCH, range(4)).values()) == {"local"}


def test_an_older_copy_put_back_is_noticed(settings: Settings, store: Store, tmp_path: Path) -> None:
    make_spine(settings, {1: [ONE]})
    ask_and_answer(settings, store, tmp_path)
    file = IntakePlaces.of(settings).opt_outs
    shutil.copy(file, tmp_path / "old.duckdb")
    record_choice(settings, store, local(ONE), actor=ACTOR)
    shutil.copy(tmp_path / "old.duckdb", file)
    for act in (
        lambda: denied(settings, Use.LOCAL_RESEARCH, [1]),
        lambda: denied(settings, Use.DIRECT_CARE, [1]),
        lambda: record_choice(settings, store, local(ONE, days=1), actor=ACTOR),
    ):
        with pytest.raises(Refusal, match="opt-outs-not-as-recorded"):
            act()


@pytest.mark.parametrize(
    ("harm", "code"), [("gone", "opt-outs-missing"), ("noise", "opt-outs-unreadable"), ("cut", "opt-outs")]
)
def test_a_lost_or_damaged_file_is_never_nobody_opted_out(
    settings: Settings, store: Store, harm: str, code: str
) -> None:
    make_spine(settings, {1: [ONE]})
    record_choice(settings, store, local(ONE), actor=ACTOR)
    file = IntakePlaces.of(settings).opt_outs
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(b"noise" * 999 if harm == "noise" else file.read_bytes()[:5000])
    for use in Use:
        with pytest.raises(Refusal, match=code):
            denied(settings, use, [1])
    with pytest.raises(Refusal, match=code):
        record_choice(settings, store, local(ONE, days=1), actor=ACTOR)


def test_the_file_of_another_gateway_is_noticed(settings: Settings, store: Store, tmp_path: Path) -> None:
    """Both have a version 1, but not the same."""
    make_spine(settings, {1: [ONE]})
    record_choice(settings, store, local(ONE), actor=ACTOR)
    ours = IntakePlaces.of(settings).opt_outs
    kept = ours.read_bytes()
    other = Settings(state=tmp_path / "other")
    from governance.registry import initialise

    record_choice(other, initialise(other), local(ONE), actor=ACTOR)
    theirs = IntakePlaces.of(other).opt_outs.read_bytes()
    ours.write_bytes(theirs)
    with pytest.raises(Refusal, match="opt-outs-not-as-recorded"):
        denied(settings, Use.DIRECT_CARE, [1])
    ours.write_bytes(kept)
    assert denied(settings, Use.LOCAL_RESEARCH, [1])


def test_a_full_disk_changes_nothing(settings: Settings, store: Store, tmp_path: Path) -> None:
    record_choice(settings, store, local(ONE), actor=ACTOR)
    file = IntakePlaces.of(settings).opt_outs
    before = file.read_bytes()
    many = (f"{nhs_number(place)},local,,active,,\n" for place in range(60_000))
    big = tmp_path / "big.csv"
    big.write_text("nhs_number,kind,controller,status,from,to\n" + "".join(many))
    held = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 4096, held[1]))
    try:
        with pytest.raises(Refusal, match="disk-full"):
            load_opt_outs(settings, store, big, actor=ACTOR)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, held)
    assert file.read_bytes() == before
    assert not list(file.parent.glob(".building-*"))
    assert load_opt_outs(settings, store, big, actor=ACTOR).rows == 60_000


def test_loading_a_file_twice_changes_nothing(settings: Settings, store: Store, tmp_path: Path) -> None:
    file = write_opt_outs(tmp_path / "o.csv", [f"{ONE},local,,active,,"])
    first = load_opt_outs(settings, store, file, actor=ACTOR)
    again = load_opt_outs(settings, store, file, actor=ACTOR)
    assert (first.version, first.rows, again.version, again.rows) == (1, 1, 1, 0)
    record_choice(settings, store, local(ONE, Status.WITHDRAWN), actor=ACTOR)
    assert load_opt_outs(settings, store, file, actor=ACTOR).version == 3  # it is not what was said last any more


def test_opt_outs_wait_for_the_person_and_follow_them(settings: Settings, store: Store, tmp_path: Path) -> None:
    old, new, other = nhs_number(1), nhs_number(2), nhs_number(3)
    report = load_opt_outs(settings, store, write_opt_outs(tmp_path / "o.csv", [f"{old},local,,active,,"]), actor=ACTOR)
    assert report.not_in_region == 1
    make_spine(settings, {1: [new], 2: [other]})
    ask_and_answer(settings, store, tmp_path)
    assert not denied(settings, Use.LOCAL_RESEARCH, [1, 2])
    worlds = {
        "a number they once had": ({1: [new, old], 2: [other]}, []),
        "merged, numbers moved": ({1: [new, old], 9: [], 2: [other]}, [(9, 1)]),
        "merged, numbers not yet moved": ({1: [new], 9: [old], 2: [other]}, [(9, 1)]),
        "merged twice": ({1: [new], 8: [], 9: [old], 2: [other]}, [(9, 8), (8, 1)]),
        "merged into the one who opted out": ({1: [new], 9: [old], 2: [other]}, [(1, 9)]),
        "merged in a circle": ({1: [new], 9: [old], 2: [other]}, [(1, 9), (9, 1)]),
    }
    for name, (numbers, merged) in worlds.items():
        make_spine(settings, numbers, merged=merged)
        ask_and_answer(settings, store, tmp_path)
        assert {person for person, _ in denied(settings, Use.LOCAL_RESEARCH, [1, 2])} == {1}, name


def test_a_national_opt_out_under_any_number_counts(settings: Settings, store: Store, tmp_path: Path) -> None:
    old, new = nhs_number(1), nhs_number(2)
    make_spine(settings, {1: [new, old]})
    ask_and_answer(settings, store, tmp_path, opted_out={old})
    assert set(denied(settings, Use.NATIONAL, [1]).values()) == {"national"}


def test_what_changes_for_a_cut_and_what_does_not(
    settings: Settings, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    from intake.optouts import write_denied

    def label() -> str:
        with duckdb.connect() as connection:
            everybody = "(SELECT 1 AS person_id)"
            return str(write_denied(connection, settings, Use.NATIONAL, person_ids_relation=everybody).label)

    make_spine(settings, {1: [ONE]})
    empty = label()
    assert not has_changed_since(settings, empty)
    record_choice(settings, store, local(ONE, days=2), actor=ACTOR)
    assert has_changed_since(settings, empty)
    loaded = label()
    assert not has_changed_since(settings, loaded)
    ask_and_answer(settings, store, tmp_path)
    answered = label()
    assert has_changed_since(settings, loaded)
    assert not has_changed_since(settings, answered)
    from intake.optouts.asking import export_check

    export_check(settings, store, tmp_path / "later.dat", actor=ACTOR)
    assert not has_changed_since(settings, answered)  # to ask is not to know
    clock = MovingClock()
    clock.install(monkeypatch)
    for days, changed in ((1, False), (2, True)):  # the dated opt-out begins
        clock.ahead = timedelta(days=days)
        assert has_changed_since(settings, answered) is changed
    begun = label()
    assert not has_changed_since(settings, begun)
    clock.ahead = timedelta(days=settings.opt_out_answer_days)
    assert has_changed_since(settings, begun)  # the answer is stale
    for text in ("", "nonsense", "1/2026-01-01/1/fresh/short", answered.replace("/fresh/", "/great/")):
        assert has_changed_since(settings, text)
