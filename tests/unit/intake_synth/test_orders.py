"""What may be ordered of the synthetic region; a bad order is refused and nothing is left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from governance.refusal import Refusal
from intake.synth.check_service import answer_request
from intake.synth.region import MOST_PEOPLE, RegionOrder, make_region


@pytest.mark.parametrize("people", [0, -1, MOST_PEOPLE + 1])
def test_a_region_has_people_and_not_too_many(tmp_path: Path, people: int) -> None:
    _refused("bad-people", RegionOrder(people, 1, tmp_path / "region"))


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_a_seed_is_a_number_in_bounds(tmp_path: Path, seed: int) -> None:
    _refused("bad-seed", RegionOrder(100, seed, tmp_path / "region"))


def test_what_is_there_already_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "kept.txt").write_text("mine")
    with pytest.raises(Refusal, match="not-empty"):
        make_region(RegionOrder(100, 1, tmp_path / "region"), progress=lambda *_: None)
    assert [file.name for file in tmp_path.rglob("*")] == ["region", "kept.txt"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "region").write_text("mine")
    with pytest.raises(Refusal, match="not-empty"):
        make_region(RegionOrder(100, 1, tmp_path / "region"), progress=lambda *_: None)
    with pytest.raises(Refusal, match="cannot-write"):
        make_region(RegionOrder(100, 1, tmp_path / "region" / "below"), progress=lambda *_: None)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_place_without_leave_to_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        _refused("cannot-write", RegionOrder(100, 1, tmp_path / "region"))
    finally:
        tmp_path.chmod(0o700)


def test_a_place_where_nobody_may_write_is_refused() -> None:
    with pytest.raises(Refusal, match="cannot-write"):
        make_region(RegionOrder(100, 1, Path("/proc/region")), progress=lambda *_: None)


def test_only_a_synthetic_region_answers(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not-a-synthetic-region"):
        answer_request(tmp_path / "request.dat", tmp_path, tmp_path / "answer.dat")


def _refused(code: str, order: RegionOrder) -> None:
    with pytest.raises(Refusal, match=code):
        make_region(order, progress=lambda *_: None)
    assert list(order.folder.parent.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 20_260_101, 2**31 - 1])
def test_any_seed_within_bounds_makes_a_region(tmp_path: Path, seed: int) -> None:
    made = make_region(RegionOrder(200, seed, tmp_path / "made", False, 2**30), progress=lambda *_: None)
    assert made.people == 200 and made.rows["gp.journal"] > 1000
