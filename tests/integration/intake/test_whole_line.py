"""The whole line on a synthetic region, by command: six feeds in, one record a person, opt-outs at work in extracts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from governance.catalogue import TableKind
from governance.demo_register import REGION_PROJECTS
from governance.extracts import check_extract_bytes, load_project_data
from governance.registry.regions import current_region
from governance.store import open_store
from tests.support.scratch import shared_folder
from tests.support.whole_line import PEOPLE, Line, make_line

pytestmark = pytest.mark.slow

FEEDS = {"gp", "hospital", "community", "mental_health", "social_care", "ambulance"}
#: What may be seen of whose rare codes, written out by hand from the design's table: opt-out -> feeds that are closed.
CLOSED_FOR_ALL = {"national": FEEDS, "type_1": {"gp"}, "gdpr_upheld_own": FEEDS, "gdpr_pending_own": FEEDS}
CLOSED_LOCALLY = {**CLOSED_FOR_ALL, "local": FEEDS}
OPEN = ("gdpr_declined", "summary_care_record", "withdrawn", "gdpr_upheld_other", "gdpr_pending_other")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Line:
    return Line(shared_folder(tmp_path_factory, "line", make_line))


@pytest.fixture
def line(made: Line, tmp_path: Path) -> Iterator[Line]:
    """A copy that a test may change."""
    shutil.copytree(made.folder, tmp_path / "line")
    yield Line(tmp_path / "line")


def canaries_in(extract: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """(feed, opt-out) of every rare code that is in the extract."""
    tables = [row[0] for row in extract.execute("SHOW TABLES").fetchall()]
    held: set[int] = set()
    for table in tables:
        columns = [row[0] for row in extract.execute(f"DESCRIBE {table}").fetchall()]
        if "person_id" in columns:
            for column in (name for name in columns if name.endswith("_concept_id")):
                held |= {row[0] for row in extract.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()}
    named = extract.execute(
        "SELECT concept_id, concept_name FROM concept WHERE concept_name LIKE 'Canary:%'"
    ).fetchall()
    names = [name.removeprefix("Canary: ").split(", in ") for concept, name in named if concept in held]
    return {(feed.strip().replace(" ", "_"), opt_out.strip().replace(" ", "_")) for opt_out, feed in names}


def test_six_feeds_become_one_record_for_each_person(made: Line) -> None:
    with open_store(made.settings).reading() as session:
        region = current_region(session)
    assert region is not None and len(region.deliveries) == 12
    assert 0.98 * PEOPLE < region.people <= 1.02 * PEOPLE
    folder = made.settings.folder.region / region.folder
    manifest = json.loads((folder / "manifest.json").read_text())
    ledger = manifest["harmonised"]["ledger"]
    assert {line["feed"] for line in ledger} == FEEDS
    for line in ledger:
        assert line["staged"] == line["superseded"] + line["unlinked"] + line["left_out"] + line["out"], line
    for table in folder.iterdir():
        if table.is_dir():
            columns = {
                row[0]
                for row in duckdb.sql(
                    f"DESCRIBE FROM read_parquet('{table}/*.parquet', union_by_name = true)"
                ).fetchall()
            }
            assert ("person_id" in columns) <= ("source_feed" in columns), table.name


@pytest.mark.parametrize("project", REGION_PROJECTS)
def test_nobodys_rare_code_is_where_their_opt_out_closes(made: Line, project: str) -> None:
    closed = CLOSED_FOR_ALL if project == "dementia-nation" else CLOSED_LOCALLY
    with made.open_extract(project) as extract:
        seen = canaries_in(extract)
    leaked = {(feed, kind) for feed, kind in seen if feed in closed.get(kind, set())}
    assert not leaked


def test_an_opt_out_that_does_not_act_hides_nothing(made: Line) -> None:
    """Without this the test above would pass for an empty extract."""
    with made.open_extract("dementia-nation") as extract:
        seen = canaries_in(extract)
    kinds = {kind for _, kind in seen}
    assert "local" in kinds, "a local opt-out is not asked for national use"
    assert kinds & set(OPEN) >= {"withdrawn"}
    assert ("hospital", "type_1") in seen, "Type 1 closes the practice's records and no others"


def test_no_identifier_is_in_an_extract(made: Line) -> None:
    people = duckdb.sql(f"SELECT nhs_number, surname, postcode FROM {made.truth('person')} LIMIT 400").fetchall()
    numbers = {str(row[0]).encode() for row in people}
    postcodes = {str(row[2]).encode() for row in people}
    for project in REGION_PROJECTS:
        content = made.extract(project).read_bytes()
        manifest = (made.extract(project).parent / "manifest.json").read_bytes()
        for identifier in numbers | postcodes:
            assert identifier not in content and identifier not in manifest
        with made.open_extract(project) as extract:
            values = {
                str(row[0])
                for (table,) in extract.execute("SHOW TABLES").fetchall()
                for (column, kind, *_) in extract.execute(f"DESCRIBE {table}").fetchall()
                if kind in ("VARCHAR", "BIGINT") and table not in ("concept", "sde_marks")
                for row in extract.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()
            }
        assert not values & {str(row[0]) for row in people}
        assert not values & {str(row[1]) for row in people}


def test_extracts_of_two_projects_share_no_person(made: Line) -> None:
    held = {}
    for project in REGION_PROJECTS:
        with made.open_extract(project) as extract:
            held[project] = {row[0] for row in extract.execute("SELECT person_id FROM person").fetchall()}
    one, two, three = held.values()
    assert one and two and three
    assert not one & two and not one & three and not two & three


def test_the_guard_answers_on_each_extract(made: Line) -> None:
    question = json.dumps({"sql": "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY gender_concept_id"})
    for project in REGION_PROJECTS:
        done = made.run("guard", "batch", "--project", project, "--as", "researcher-c", asked=question + "\n")
        answer = json.loads(done.stdout.splitlines()[0])
        assert answer["verdict"] == "answered" and len(answer["rows"]) == 2, answer


def test_every_extract_is_what_the_register_says(made: Line) -> None:
    settings = made.settings
    with open_store(settings).reading() as session:
        for project in REGION_PROJECTS:
            check_extract_bytes(settings, session, project)
            data = load_project_data(settings, session, project)
            private = [table for table in data.catalogue.tables.values() if table.kind is TableKind.PRIVATE]
            assert private and not any("source" in column for table in private for column in table.columns)


def test_who_opts_out_later_is_gone_after_the_refresh(line: Line) -> None:
    with line.open_extract("winter-pressure") as extract:
        before = extract.execute("SELECT count(*) FROM person").fetchall()[0][0]
    open_people = f"""
        SELECT nhs_number FROM {line.truth("person")} AS p
        WHERE NOT EXISTS (SELECT 1 FROM {line.truth("opt_out")} AS o WHERE o.person = p.person)
          AND nhs_number IN (SELECT NHS_NUMBER FROM {line.truth("identity_gp")}) ORDER BY nhs_number LIMIT 3"""
    leaving = [str(row[0]) for row in duckdb.sql(open_people).fetchall()]
    for number in leaving:
        line.run("optout", "record", "local", asked=f"{number}\n")
    line.run("extract", "refresh")
    with line.open_extract("winter-pressure") as extract:
        assert extract.execute("SELECT count(*) FROM person").fetchall()[0][0] == before - len(leaving)
    again = line.run("extract", "refresh")
    assert "winter-pressure" in again.stdout


def test_a_stale_answer_of_the_check_service_stops_every_new_extract(line: Line) -> None:
    (line.folder / "state" / "identifiable" / "optouts.duckdb").unlink()
    kept = line.extract("winter-pressure")
    done = line.run("extract", "build", "winter-pressure", check=False)
    assert done.returncode == 1 and "opt" in done.stderr
    assert line.extract("winter-pressure") == kept
