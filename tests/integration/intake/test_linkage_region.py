"""A whole synthetic region, landed and linked as a real one: right, repeatable, and never half-written."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from governance.registry.deliveries import DeliveryView
from governance.settings import Settings
from governance.store import Store
from intake.linkage import link_people
from intake.places import IntakePlaces
from tests.support.link_scores import NO_FAULT, TWIN, land_region, score_links, total
from tests.support.linking import ANNA, LinkingLab

pytestmark = pytest.mark.slow

PEOPLE, SEED = 2_000, 17


@pytest.fixture
def region(settings: Settings, store: Store, tmp_path: Path) -> tuple[Settings, list[DeliveryView], Path]:
    """A landed region."""
    folder = tmp_path / "region"
    return settings, land_region(settings, store, PEOPLE, SEED, folder), folder / "truth"


def test_a_region_is_linked_to_the_right_people(region: tuple[Settings, list[DeliveryView], Path]) -> None:
    settings, deliveries, truth = region
    report = link_people(settings, deliveries)
    scores = score_links(settings, truth)
    identities, right, wrong = total(scores)
    assert right / (right + wrong) >= 0.999
    assert right / identities >= 0.97
    assert abs(report.people - PEOPLE) <= PEOPLE * 0.005
    for kind in (NO_FAULT, TWIN):
        identities, right, _ = total(scores, lambda score, kind=kind: score.fault == kind)  # type: ignore[misc]
        assert right / identities >= 0.99
    named = total(scores, lambda score: score.feed == "hospital" and score.fault == "missing_number")
    assert named[1] / named[0] >= 0.97
    nameless = total(scores, lambda score: score.feed == "mental_health" and score.fault == "missing_number")
    assert nameless[1:] == (0, 0)  # without a name and a number nobody is linked, and nobody wrongly

    spine = IntakePlaces.of(settings).spine
    before = _links(spine)
    again = link_people(settings, deliveries)
    assert again.new == 0
    assert _links(spine) == before


@pytest.mark.parametrize("step", ["identities of hospital", "rule 4: probable", "writing the spine"])
def test_an_interrupted_run_leaves_the_old_spine(tmp_path: Path, step: str) -> None:
    lab = LinkingLab.at(tmp_path)
    lab.register(ANNA)
    lab.link()
    before = lab.places.spine.read_bytes()
    lab.admit(ANNA)

    def interrupt(what: str, _done: int, _steps: int) -> None:
        if what == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        link_people(lab.settings, lab.deliveries, progress=interrupt)
    assert lab.places.spine.read_bytes() == before
    assert not list(lab.places.identifiable.glob(".building*"))
    lab.link()
    assert lab.linked("hospital") == [(ANNA.number, 1)]


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    lab = LinkingLab.at(tmp_path)
    lab.register(ANNA)
    _run_child(lab, "os.kill(os.getpid(), signal.SIGKILL)", returns=-9)
    assert list(lab.places.identifiable.glob(".building*"))
    lab.link()
    assert not list(lab.places.identifiable.glob(".building*"))


def test_a_full_disk_is_a_refusal_and_leaves_nothing(tmp_path: Path) -> None:
    lab = LinkingLab.at(tmp_path)
    lab.register(ANNA)
    said = _run_child(lab, "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))", returns=1)
    assert "[disk-full]" in said
    assert not list(lab.places.identifiable.glob(".building*"))
    assert not lab.places.spine.exists()


def _run_child(lab: LinkingLab, at_the_end: str, *, returns: int) -> str:
    """Link in a process of its own, to which something happens before the spine is written."""
    program = f"""
        import os, resource, signal, sys
        from pathlib import Path
        from governance.refusal import Refusal
        from governance.settings import Settings
        from intake.linkage import link_people
        from tests.support.staged_feeds import StagedDelivery

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        def happen(what, done, steps):
            if what == "writing the spine":
                {at_the_end}

        try:
            link_people(Settings(state=Path({str(lab.settings.state)!r})), {lab.deliveries!r}, progress=happen)
        except Refusal as refusal:
            sys.exit(str(refusal))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == returns, done.stderr
    return done.stderr


def _links(spine: Path) -> list[tuple[object, ...]]:
    import duckdb

    with duckdb.connect(str(spine), read_only=True) as connection:
        return list(connection.execute("SELECT * FROM link ORDER BY ALL").fetchall())
