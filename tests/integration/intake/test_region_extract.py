"""Extracts of a region: opt-outs by purpose, days, codes, refresh and its reasons, retention, crashes, two builds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from governance import registry
from governance.cohort import Cohort, parse_condition
from governance.extracts import load_project_data
from governance.refusal import Refusal
from governance.registry import current_extract, grant_table, list_extracts, revoke_grant
from governance.settings import Settings, load_settings
from governance.store import Store
from intake.cut.page import page_file
from intake.cut.pipeline import ExtractOrder, ExtractReport, build_extract
from intake.cut.refresh import Outcome, refresh_extracts
from intake.cut.regional import RegionSource, newest_region
from intake.cut.retiring import retire_extracts
from intake.cut.site import building_alone
from intake.keys import open_project_key
from intake.optouts import read_label
from intake.optouts.loading import load_opt_outs
from tests.support.opt_out_region import ask_and_answer, make_spine, nhs_number, write_opt_outs
from tests.support.region_lab import Row, event, person, put_region

pytestmark = pytest.mark.slow

BY, PROJECT, PLANNING = "operator:test", "gi-bleed", "respiratory"
PEOPLE = range(1, 41)
TYPE_1, NATIONAL = 3, 5
BIRTH_AT_GP, BIRTH_AT_HOSPITAL = 1961, 1962


def tables(extra: int = 0) -> dict[str, list[Row]]:
    """Everybody is known to practice and hospital, which differ in the year of birth."""
    made: dict[str, list[Row]] = {"person": [], "condition_occurrence": [], "observation_period": [], "concept": []}
    for number in PEOPLE:
        for feed, born in (("gp", BIRTH_AT_GP), ("hospital", BIRTH_AT_HOSPITAL)):
            made["person"].append(person(number, feed, year_of_birth=born))
            first = date(2001 if feed == "gp" else 2011, 1, 1)
            span = {"observation_period_start_date": first, "observation_period_end_date": date(2020, 1, 1)}
            made["observation_period"].append({"person_id": number, "source_feed": feed, **span})
        for place in range(3 + extra):
            feed = ("gp", "hospital")[place % 2]
            day = date(2010 + place, 1, number % 28 + 1)
            made["condition_occurrence"].append(
                event("condition_occurrence", number * 10 + place, number, feed, 100 + place, day)
            )
    made["concept"].append({"concept_id": 100, "concept_name": "something"})
    return made


@pytest.fixture
def region(settings: Settings, demo_register: Store, tmp_path: Path) -> Iterator[Settings]:
    """A region of forty people, two of whom opted out, with an answer of the check service."""
    for file in (settings.folder.identifiable, settings.folder.region):
        file.mkdir(parents=True, exist_ok=True)
    make_spine(settings, {number: [nhs_number(number)] for number in PEOPLE})
    opted_out = write_opt_outs(tmp_path / "a.csv", [f"{nhs_number(TYPE_1)},type_1,,active,2019-01-01,"])
    load_opt_outs(settings, demo_register, opted_out, actor=BY)
    ask_and_answer(settings, demo_register, tmp_path, opted_out={nhs_number(NATIONAL)})
    put_region(settings, demo_register, "v1", tables())
    yield settings


def build(settings: Settings, store: Store, project: str = PROJECT) -> ExtractReport:
    order = ExtractOrder(project, RegionSource(settings, newest_region(store)))
    return build_extract(settings, store, order, actor=BY)


def ask(settings: Settings, report: ExtractReport, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(settings.folder.extracts / report.folder / "extract.duckdb"), read_only=True) as extract:
        return extract.execute(sql).fetchall()


def pseudonym(settings: Settings, number: int, project: str = PROJECT) -> int:
    return open_project_key(settings.folder.keys, project, "person").pseudonyms([number])[0]


def test_opt_outs_close_what_they_close_and_every_row_is_accounted_for(region: Settings, demo_register: Store) -> None:
    report = build(region, demo_register)
    assert report.people == len(PEOPLE) - 1
    assert not ask(region, report, f"FROM person WHERE person_id = {pseudonym(region, NATIONAL)}")
    of_type_1 = f"WHERE person_id = {pseudonym(region, TYPE_1)}"
    assert ask(region, report, f"SELECT year_of_birth FROM person {of_type_1}") == [(BIRTH_AT_HOSPITAL,)]
    assert ask(region, report, f"SELECT condition_concept_id FROM condition_occurrence {of_type_1}") == [(101,)]
    span = "SELECT year(observation_period_start_date) FROM observation_period"
    assert ask(region, report, f"{span} {of_type_1}") == [(2011,)]
    assert ask(region, report, f"{span} WHERE person_id = {pseudonym(region, 1)}") == [(2001,)]
    steps = {(step.table, step.step): step for step in report.steps}
    assert steps["condition_occurrence", "opt-out type_1"].dropped == 2
    assert steps["condition_occurrence", "opt-out national"].dropped == 3
    assert steps["person", "merge"].dropped == len(PEOPLE) - 2
    manifest = json.loads((region.folder.extracts / report.folder / "manifest.json").read_text())
    assert manifest["people_ledger"] == {"known": 40, "others": 0, "opted_out": {"national": 1}, "chosen": 39}
    assert (manifest["origin"], manifest["region_version"]) == ("region", "v1")
    assert manifest["source_sha256"] == (region.folder.region / "line").read_text()
    page = page_file(region, report.folder).read_text()
    assert "&lt;10</td>" in page, "counts of few people"
    assert "about 40" in page, "nor can they be worked out from the sum"
    assert "opted out: type_1" in page
    with demo_register.reading() as session:
        held = current_extract(session, PROJECT)
        assert held is not None
        assert (held.origin, held.purpose, held.region_version) == ("region", "local_research", "v1")
        assert read_label(held.opt_out_version) is not None


def test_without_an_answer_of_the_check_service_nothing_is_cut(settings: Settings, demo_register: Store) -> None:
    for folder in (settings.folder.identifiable, settings.folder.region):
        folder.mkdir(parents=True, exist_ok=True)
    make_spine(settings, {number: [nhs_number(number)] for number in PEOPLE})
    put_region(settings, demo_register, "v1", tables())
    with pytest.raises(Refusal, match="opt-out-answer-absent"):
        build(settings, demo_register)
    assert not list((settings.folder.extracts / PROJECT).iterdir())


def test_days_codes_and_cohort_narrow_and_projects_share_marks_only(region: Settings, demo_register: Store) -> None:
    revoke_grant(demo_register, actor=BY, slug=PROJECT, table="*")
    grant = {"actor": BY, "slug": PROJECT, "table": "condition_occurrence"}
    grant_table(demo_register, actor=BY, slug=PROJECT, table="person")
    grant_table(demo_register, **grant, starts=date(2011, 1, 1), codes=[101])  # type: ignore[arg-type]
    grant_table(demo_register, **grant, ends=date(2010, 12, 31))  # type: ignore[arg-type]
    cohort = Cohort((parse_condition("condition_occurrence.condition_concept_id=102"),))
    registry.set_cohort(demo_register, actor=BY, slug=PROJECT, cohort=cohort)
    report = build(region, demo_register)
    # 102 is the practice's: whoever closed the practice's records is not in the cohort because of them
    assert report.people == len(PEOPLE) - 2
    assert ask(
        region, report, "SELECT condition_concept_id, count(*) FROM condition_occurrence GROUP BY 1 ORDER BY 1"
    ) == [
        (100, 38),
        (101, 38),
    ]
    other = build(region, demo_register, PLANNING)
    mine, theirs = (dict(ask(region, one, "SELECT mark, person_id FROM sde_marks")) for one in (report, other))
    assert set(mine) < set(theirs)
    assert not set(mine.values()) & set(theirs.values())


def test_a_refresh_says_why_and_the_opted_out_are_gone(region: Settings, demo_register: Store, tmp_path: Path) -> None:
    kept = load_settings(state=region.folder.root, extracts_kept=9)
    first = build(kept, demo_register)

    def refresh() -> tuple[Outcome, str]:
        (one,) = refresh_extracts(kept, demo_register, actor=BY)
        return one.outcome, one.why

    assert refresh()[0] is Outcome.UNCHANGED
    put_region(region, demo_register, "v2", tables(extra=1))
    assert refresh() == (Outcome.BUILT, "changed since: the region")
    gone = 9
    file = write_opt_outs(tmp_path / "b.csv", [f"{nhs_number(gone)},local,,active,2020-01-01,"])
    load_opt_outs(region, demo_register, file, actor=BY)
    assert refresh() == (Outcome.BUILT, "changed since: opt-outs")
    with demo_register.reading() as session:
        data = load_project_data(region, session, PROJECT)
    with duckdb.connect(str(data.database), read_only=True) as extract:
        held = {row[0] for row in extract.execute("SELECT person_id FROM person").fetchall()}
        marks = dict(extract.execute("SELECT person_id, mark FROM sde_marks").fetchall())
    assert held == set(marks)
    assert pseudonym(region, gone) not in held
    # the guard's history of answers goes on: the same cut, the same people under the same marks
    assert data.cut == (region.folder.region / "line").read_text()
    assert marks.items() < dict(ask(region, first, "SELECT person_id, mark FROM sde_marks")).items()
    grant_table(demo_register, actor=BY, slug=PROJECT, table="person", columns=["year_of_birth"])
    assert refresh() == (Outcome.BUILT, "changed since: grants or cohort")
    assert refresh()[0] is Outcome.UNCHANGED


def test_one_failing_project_does_not_stop_the_others(region: Settings, demo_register: Store) -> None:
    build(region, demo_register)
    build(region, demo_register, PLANNING)
    put_region(region, demo_register, "v2", tables())
    revoke_grant(demo_register, actor=BY, slug=PROJECT, table="*")
    failed, built = refresh_extracts(region, demo_register, actor=BY)
    assert (failed.project, failed.outcome, failed.why.partition(":")[0]) == (
        PROJECT,
        Outcome.FAILED,
        "nothing-granted",
    )
    assert (built.project, built.outcome) == (PLANNING, Outcome.BUILT)
    registry.change_project(demo_register, actor=BY, slug=PLANNING, status="suspended")
    assert [one.project for one in refresh_extracts(region, demo_register, actor=BY)] == [PROJECT]
    (asked,) = refresh_extracts(region, demo_register, [PLANNING], actor=BY)
    assert asked.outcome is Outcome.NOT_REFRESHED


def folders(settings: Settings) -> set[str]:
    return {f"{PROJECT}/{found.name}" for found in (settings.folder.extracts / PROJECT).iterdir()}


def test_old_extracts_are_destroyed_and_those_of_projects_that_ended(region: Settings, demo_register: Store) -> None:
    reports = [build(region, demo_register) for _ in range(3)]
    assert reports[2].destroyed == (reports[0].folder,)
    assert folders(region) == {reports[1].folder, reports[2].folder}
    with pytest.raises(Refusal, match="extract-in-force"):
        retire_extracts(region, demo_register, PROJECT, actor=BY)
    assert retire_extracts(region, demo_register, actor=BY) == ()
    registry.change_project(demo_register, actor=BY, slug=PROJECT, status="closed")
    assert retire_extracts(region, demo_register, actor=BY) == (reports[1].folder, reports[2].folder)
    assert folders(region) == set()
    with demo_register.reading() as session:
        assert {view.state for view in list_extracts(session, PROJECT)} == {"destroyed"}


def test_what_crashes_left_behind_is_swept_and_the_old_extract_stays_in_force(
    region: Settings, demo_register: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(region, demo_register)

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("intake.cut.pipeline.record_extract", crash)
        build(region, demo_register)
    assert folders(region) == {first.folder}
    for left in (".building-dead", "20200101T000000-0123456789ab"):  # a killed process tidies nothing
        (region.folder.extracts / PROJECT / left).mkdir()
    with demo_register.reading() as session:
        assert load_project_data(region, session, PROJECT).sha256 == first.sha256
    second = build(region, demo_register)
    assert folders(region) == {first.folder, second.folder}


def test_a_damaged_extract_is_built_again(region: Settings, demo_register: Store) -> None:
    first = build(region, demo_register)
    file = region.folder.extracts / first.folder / "manifest.json"
    file.chmod(0o600)
    file.write_text("{")
    (one,) = refresh_extracts(region, demo_register, actor=BY)
    assert (one.outcome, one.why) == (Outcome.BUILT, "changed since: keys, grants or cohort")


def test_two_builds_at_once_are_refused_clearly(region: Settings, demo_register: Store) -> None:
    with building_alone(region.folder.extracts, PROJECT), pytest.raises(Refusal, match="build-under-way"):
        build(region, demo_register)
    assert build(region, demo_register).people


def test_a_grant_that_was_narrowed_acts_before_the_next_build(region: Settings, demo_register: Store) -> None:
    build(region, demo_register)

    def named() -> set[str]:
        with demo_register.reading() as session:
            return set(load_project_data(region, session, PROJECT).catalogue.tables)

    assert named() == {"person", "condition_occurrence", "observation_period", "concept"}
    revoke_grant(demo_register, actor=BY, slug=PROJECT, table="*")
    grant_table(demo_register, actor=BY, slug=PROJECT, table="person")
    grant_table(demo_register, actor=BY, slug=PROJECT, table="condition_occurrence", starts=date(2012, 1, 1))
    assert named() == {"person"}
    build(region, demo_register)
    assert named() == {"person", "condition_occurrence"}
    grant_table(demo_register, actor=BY, slug=PROJECT, table="condition_occurrence")
    assert named() == {"person", "condition_occurrence"}, "a wider grant takes nothing away"


def test_another_purpose_closes_the_extract(region: Settings, demo_register: Store) -> None:
    build(region, demo_register)
    registry.change_project(demo_register, actor=BY, slug=PROJECT, purpose="national")
    with demo_register.reading() as session, pytest.raises(Refusal, match="extract-outdated"):
        load_project_data(region, session, PROJECT)
    (again,) = refresh_extracts(region, demo_register, actor=BY)
    assert again.why == "changed since: the purpose"


def test_a_small_memory_bound_is_kept(region: Settings, demo_register: Store) -> None:
    small = load_settings(state=region.folder.root, intake_memory_bytes=2**28)
    assert build(small, demo_register).people
    assert not list((region.folder.extracts / PROJECT).glob(".*"))
