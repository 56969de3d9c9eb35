"""A refresh after opt-outs takes over what did not change: from an extract and a list that are what was recorded only;
and the list goes when its extract goes."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from governance import registry
from governance.registry import current_extract, grant_table
from governance.settings import Settings
from governance.store import Store
from intake.cut.filling import TAKING_OVER
from intake.cut.kept import list_file
from intake.cut.pipeline import ExtractOrder, ExtractReport, build_extract
from intake.cut.refresh import Outcome, refresh_extracts
from intake.cut.regional import RegionSource, newest_region
from intake.cut.retiring import retire_extracts
from intake.keys import open_project_key
from intake.optouts.loading import load_opt_outs
from tests.support.opt_out_region import ask_and_answer, make_spine, nhs_number, write_opt_outs
from tests.support.region_lab import Row, event, person, put_region

pytestmark = pytest.mark.slow

BY, PROJECT = "operator:test", "gi-bleed"
PEOPLE = range(1, 31)


def tables() -> dict[str, list[Row]]:
    made: dict[str, list[Row]] = {"person": [], "condition_occurrence": [], "visit_occurrence": []}
    for number in PEOPLE:
        for place, feed in enumerate(("gp", "hospital")):
            made["person"].append(person(number, feed))
            for table in ("condition_occurrence", "visit_occurrence"):
                row = event(table, number * 2 + place, number, feed, 100 + place, date(2020, 1, number % 28 + 1))
                made[table].append({**row, "visit_occurrence_id": number * 2 + place})
    return made


@pytest.fixture
def built(settings: Settings, demo_register: Store, tmp_path: Path) -> Iterator[ExtractReport]:
    """An extract of thirty people, in force."""
    for folder in (settings.folder.identifiable, settings.folder.region):
        folder.mkdir(parents=True, exist_ok=True)
    make_spine(settings, {number: [nhs_number(number)] for number in PEOPLE})
    ask_and_answer(settings, demo_register, tmp_path, opted_out=set())
    put_region(settings, demo_register, "v1", tables())
    order = ExtractOrder(PROJECT, RegionSource(settings, newest_region(demo_register)))
    yield build_extract(settings, demo_register, order, actor=BY)


def opt_out(settings: Settings, store: Store, folder: Path, number: int, kind: str = "local") -> None:
    file = write_opt_outs(folder / f"{kind}{number}.csv", [f"{nhs_number(number)},{kind},,active,2020-01-01,"])
    load_opt_outs(settings, store, file, actor=BY)


def refresh(settings: Settings, store: Store) -> tuple[bool, ExtractReport]:
    """Whether rows were taken over, and what was built."""
    steps: list[str] = []
    (one,) = refresh_extracts(settings, store, [PROJECT], actor=BY, progress=lambda step, *_: steps.append(step))
    assert one.outcome is Outcome.BUILT
    assert one.report is not None
    return TAKING_OVER in steps, one.report


def lists(settings: Settings) -> set[str]:
    folder = list_file(settings, PROJECT).with_suffix("")
    return {f"{PROJECT}/{file.stem}" for file in folder.iterdir()} if folder.is_dir() else set()


def test_who_opted_out_is_gone_and_the_others_are_as_they_were(
    settings: Settings, demo_register: Store, built: ExtractReport, tmp_path: Path
) -> None:
    opt_out(settings, demo_register, tmp_path, 7)
    opt_out(settings, demo_register, tmp_path, 8, "type_1")
    took_over, report = refresh(settings, demo_register)
    assert took_over
    assert report.people == len(PEOPLE) - 1
    seven, eight = open_project_key(settings.folder.keys, PROJECT, "person").pseudonyms([7, 8])
    read = "SELECT DISTINCT person_id, condition_concept_id, visit_occurrence_id FROM condition_occurrence"
    before, after = (
        set(duckdb.connect(str(settings.folder.extracts / one.folder / "extract.duckdb"), read_only=True)
            .execute(read).fetchall())
        for one in (built, report)
    )  # fmt: skip
    lost = {row for row in before if row[0] == seven} | {row for row in before if row[:2] == (eight, 100)}
    assert after == before - lost
    assert len(lost) == 3
    again, repeated = refresh_after(settings, demo_register, tmp_path, 9)
    assert again, "an extract that was made this way can be taken over as well"
    assert repeated.people == len(PEOPLE) - 2


def refresh_after(settings: Settings, store: Store, folder: Path, number: int) -> tuple[bool, ExtractReport]:
    opt_out(settings, store, folder, number)
    return refresh(settings, store)


def test_nothing_is_taken_over_from_what_is_not_as_recorded(
    settings: Settings, demo_register: Store, built: ExtractReport, tmp_path: Path
) -> None:
    file = list_file(settings, built.folder)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    took_over, second = refresh_after(settings, demo_register, tmp_path, 7)
    assert not took_over
    list_file(settings, second.folder).unlink()
    took_over, third = refresh_after(settings, demo_register, tmp_path, 8)
    assert not took_over
    database = settings.folder.extracts / third.folder / "extract.duckdb"
    database.chmod(0o600)
    with database.open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\x01")
    took_over, fourth = refresh_after(settings, demo_register, tmp_path, 9)
    assert not took_over
    assert fourth.people == len(PEOPLE) - 3
    opt_out(settings, demo_register, tmp_path, 10)
    grant_table(demo_register, actor=BY, slug=PROJECT, table="person", columns=["year_of_birth"])
    assert not refresh(settings, demo_register)[0], "a grant changed as well"


def test_the_list_is_the_intakes_own_and_goes_with_its_extract(
    settings: Settings, demo_register: Store, built: ExtractReport, tmp_path: Path
) -> None:
    file = list_file(settings, built.folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.is_relative_to(settings.folder.identifiable)
    held = duckdb.sql(f"SELECT source_person_id FROM '{file}'").fetchall()
    pseudonyms = set(open_project_key(settings.folder.keys, PROJECT, "person").pseudonyms(list(PEOPLE)))
    assert {number for (number,) in held} == set(PEOPLE)
    assert not pseudonyms & {number for (number,) in held}
    file.with_name(".building-dead").touch()
    file.with_name("20200101T000000-0123456789ab.parquet").touch()
    reports = [built, *(refresh_after(settings, demo_register, tmp_path, number)[1] for number in (7, 8))]
    assert lists(settings) == {reports[1].folder, reports[2].folder}
    registry.change_project(demo_register, actor=BY, slug=PROJECT, status="closed")
    retire_extracts(settings, demo_register, PROJECT, actor=BY)
    assert lists(settings) == set()
    with demo_register.reading() as session:
        assert current_extract(session, PROJECT) is None


def test_an_interrupted_build_leaves_no_list(
    settings: Settings, demo_register: Store, built: ExtractReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    opt_out(settings, demo_register, tmp_path, 7)
    for step in ("seal_extract", "record_extract"):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(f"intake.cut.pipeline.{step}", crash)
            refresh(settings, demo_register)
        assert lists(settings) == {built.folder}
