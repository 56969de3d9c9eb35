"""R inside a real workspace sandbox, asking a real guard: the DBI back end, dplyr's pipelines, refusals, isolation.

The checks themselves are R (tests/fixtures/r); dplyr's answers are compared with the Python client's answers to the
same questions in SQL.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from governance.settings import Settings, load_settings
from hub.lent_services import services_for_a_run
from hub.names import places_of
from hub.processes import Process
from tests.support.r_workspace import (
    ANSWER,
    PERSON,
    PROJECT,
    SCRIPTS,
    ask_r,
    in_python,
    require_r,
    run_checks,
    run_r,
    start_r,
)

pytestmark = pytest.mark.slow

#: Name -> (a dplyr pipeline over lazy tables, the same question in the guard's SQL).
PIPELINES = {
    "count": ("person |> count(gender_concept_id)", "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1"),
    "join": (
        "person |> inner_join(visit, by = 'person_id') |> mutate(decade = floor(year_of_birth / 10) * 10) |>"
        " group_by(decade) |> summarise(people = n_distinct(person_id), visits = n())",
        "SELECT floor(year_of_birth / 10) * 10 AS decade, count(DISTINCT p.person_id) AS people, count(*) AS visits"
        " FROM person p JOIN visit_occurrence v ON p.person_id = v.person_id GROUP BY 1",
    ),
    "case_when": (
        "person |> mutate(band = case_when(year_of_birth < 1950 ~ 'old', year_of_birth < 1970 ~ 'mid',"
        " TRUE ~ 'young')) |> count(band)",
        "SELECT CASE WHEN year_of_birth < 1950 THEN 'old' WHEN year_of_birth < 1970 THEN 'mid' ELSE 'young' END"
        " AS band, count(*) AS n FROM person GROUP BY 1",
    ),
    "filter": (
        "person |> filter(year_of_birth > 1950, gender_concept_id %in% c(8507, 8532)) |>"
        " summarise(m = mean(year_of_birth, na.rm = TRUE), s = sd(year_of_birth, na.rm = TRUE),"
        " med = median(year_of_birth, na.rm = TRUE), q = quantile(year_of_birth, 0.25), n = n())",
        "SELECT avg(year_of_birth) AS m, stddev_samp(year_of_birth) AS s, median(year_of_birth) AS med,"
        " quantile_cont(year_of_birth, 0.25) AS q, count(*) AS n FROM person"
        " WHERE year_of_birth > 1950 AND gender_concept_id IN (8507, 8532)",
    ),
    "semi_join": (
        "person |> semi_join(visit, by = 'person_id') |> count(gender_concept_id)",
        "SELECT gender_concept_id, count(*) AS n FROM person"
        " WHERE person_id IN (SELECT person_id FROM visit_occurrence) GROUP BY 1",
    ),
    "anti_join": (
        "person |> anti_join(visit, by = 'person_id') |> count()",
        "SELECT count(*) AS n FROM person WHERE person_id NOT IN (SELECT person_id FROM visit_occurrence)",
    ),
    "left_join": (
        "person |> left_join(visit, by = 'person_id') |> filter(is.na(visit_occurrence_id)) |>"
        " summarise(n = n_distinct(person_id))",
        "SELECT count(DISTINCT p.person_id) AS n FROM person p LEFT JOIN visit_occurrence v"
        " ON p.person_id = v.person_id WHERE v.visit_occurrence_id IS NULL",
    ),
    "concepts": (
        "condition |> inner_join(concept, by = c(condition_concept_id = 'concept_id')) |> group_by(concept_name) |>"
        " summarise(people = n_distinct(person_id)) |> filter(people > 500)",
        "SELECT concept_name, count(DISTINCT person_id) AS people FROM condition_occurrence"
        " JOIN concept ON condition_concept_id = concept_id GROUP BY 1 HAVING count(DISTINCT person_id) > 500",
    ),
    "years": (
        "visit |> filter(visit_start_date >= as.Date('1990-01-01')) |> mutate(y = year(visit_start_date)) |> count(y)",
        "SELECT year(visit_start_date) AS y, count(*) AS n FROM visit_occurrence"
        " WHERE visit_start_date >= DATE '1990-01-01' GROUP BY 1",
    ),
    "days": (
        "visit |> filter(visit_start_date + 30 < as.Date('2015-01-01')) |>"
        " summarise(n = n(), stay = mean(difftime(visit_end_date, visit_start_date, units = 'days'), na.rm = TRUE))",
        "SELECT count(*) AS n, avg(date_diff('day', visit_start_date, visit_end_date)) AS stay FROM visit_occurrence"
        " WHERE visit_start_date + 30 < DATE '2015-01-01'",
    ),
    "first visit": (
        "visit |> group_by(person_id) |> dbplyr::window_order(visit_start_date) |> mutate(i = row_number()) |>"
        " ungroup() |> filter(i == 1) |> mutate(y = year(visit_start_date)) |> count(y)",
        "SELECT y, count(*) AS n FROM (SELECT person_id, year(min(visit_start_date)) AS y FROM visit_occurrence"
        " GROUP BY person_id) GROUP BY y",
    ),
    "gaps": (
        "visit |> group_by(person_id) |> dbplyr::window_order(visit_start_date) |>"
        " mutate(gap = visit_start_date - lag(visit_end_date)) |> ungroup() |> filter(gap > 30) |>"
        " summarise(n = n_distinct(person_id))",
        "SELECT count(DISTINCT person_id) AS n FROM (SELECT person_id, visit_start_date - lag(visit_end_date)"
        " OVER (PARTITION BY person_id ORDER BY visit_start_date) AS gap FROM visit_occurrence) WHERE gap > 30",
    ),
    "conditions as numbers": (
        "person |> summarise(young = sum(year_of_birth > 1960, na.rm = TRUE),"
        " share = mean(year_of_birth > 1960, na.rm = TRUE))",
        "SELECT sum(CASE WHEN year_of_birth > 1960 THEN 1 WHEN NOT year_of_birth > 1960 THEN 0 END) AS young,"
        " avg(CASE WHEN year_of_birth > 1960 THEN 1 WHEN NOT year_of_birth > 1960 THEN 0 END) AS share FROM person",
    ),
    "text": (
        "concept |> filter(grepl('sinus', concept_name, ignore.case = TRUE)) |> mutate(k = paste0(domain_id, '/', "
        "vocabulary_id)) |> count(k)",
        "SELECT domain_id || '/' || vocabulary_id AS k, count(*) AS n FROM concept"
        " WHERE contains(lower(concept_name), 'sinus') GROUP BY 1",
    ),
    "shares of results": (
        "person |> count(gender_concept_id) |> mutate(share = n / sum(n, na.rm = TRUE))",
        "SELECT gender_concept_id, n, n / sum(n) OVER () AS share FROM"
        " (SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1)",
    ),
    "unions": (
        "union_all(select(visit, person_id), select(condition, person_id)) |> summarise(n = n_distinct(person_id))",
        "SELECT count(DISTINCT person_id) AS n FROM (SELECT person_id FROM visit_occurrence UNION ALL"
        " SELECT person_id FROM condition_occurrence)",
    ),
    "a table of one's own": (
        "person |> inner_join(dbplyr::copy_inline(con, data.frame(gender_concept_id = c(8507L, 8532L),"
        " sex = c('M', 'F'))), by = 'gender_concept_id') |> group_by(sex) |> summarise(n = n_distinct(person_id))",
        "SELECT sex, count(DISTINCT person_id) AS n FROM person JOIN (VALUES (8507, 'M'), (8532, 'F')) AS own(g, sex)"
        " ON gender_concept_id = g GROUP BY sex",
    ),
    "suppressed": (
        "person |> group_by(gender_concept_id, race_concept_id) |> summarise(young = sum(year_of_birth > 1980,"
        " na.rm = TRUE), .groups = 'drop')",
        "SELECT gender_concept_id, race_concept_id, sum(CASE WHEN year_of_birth > 1980 THEN 1"
        " WHEN NOT year_of_birth > 1980 THEN 0 END) AS young FROM person GROUP BY 1, 2",
    ),
}
LAZY_TABLES = """
con <- sde_connect()
person <- tbl(con, "person"); visit <- tbl(con, "visit_occurrence"); condition <- tbl(con, "condition_occurrence")
concept <- tbl(con, "concept")
rows_of <- function(code) {
    tryCatch({
        found <- collect(code)
        list(names = as.list(names(found)), values = lapply(unname(as.list(found)), as.list))
    }, error = function(problem) list(error = conditionMessage(problem)))
}
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Settings]:
    """A state folder with both demonstration extracts; guard and airlock kept running for all of the file."""
    require_r()
    settings = fresh(tmp_path_factory, lab_template)
    ready, done = threading.Event(), threading.Event()

    async def hold() -> None:
        async with services_for_a_run(settings):
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(hold()))
    thread.start()
    try:
        assert ready.wait(120)
        yield settings
    finally:
        done.set()
        thread.join(60)


def fresh(folders: pytest.TempPathFactory, template: Path) -> Settings:
    state = folders.mktemp("r") / "state"
    shutil.copytree(template, state)
    settings = load_settings(state=state)
    settings.folder.create()
    return settings


@pytest.mark.parametrize("script", ["dbi.R", "lazy.R", "isolation.R", "airlock.R"])
def test_what_r_promises_inside(gateway: Settings, script: str) -> None:
    assert run_checks(gateway, script) == {}


def test_every_script_of_checks_is_run() -> None:
    assert {file.name for file in SCRIPTS.glob("*.R")} == {"checks.R", "dbi.R", "lazy.R", "isolation.R", "airlock.R"}


@pytest.fixture(scope="module")
def answers_of_r(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> dict[str, Any]:
    """On a state of its own, as Python's: an answer depends on what was asked before it."""
    require_r()
    gateway = fresh(tmp_path_factory, lab_template)
    asked = ",\n".join(f"{json.dumps(name)} = rows_of({code})" for name, (code, _) in PIPELINES.items())
    checks = (SCRIPTS / "checks.R").read_text()
    return ask_r(gateway, f"{checks}\n{LAZY_TABLES}\nsuppressWarnings(answer(list({asked})))")


@pytest.fixture(scope="module")
def answers_of_python(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> dict[str, Any]:
    gateway = fresh(tmp_path_factory, lab_template)
    questions = {name: sql for name, (_, sql) in PIPELINES.items()}
    code = f"import sde\nquestions = {questions!r}\nresult = {{}}\n"
    code += (
        "for name, text in questions.items():\n"
        "    table = sde.sql(text).to_arrow()\n"
        "    result[name] = {'names': table.column_names, 'values': [c.to_pylist() for c in table.columns]}\n"
    )
    answers: dict[str, Any] = in_python(gateway, code)
    return answers


@pytest.mark.parametrize("name", PIPELINES)
def test_dplyr_has_the_answers_of_sql(
    answers_of_r: dict[str, Any], answers_of_python: dict[str, Any], name: str
) -> None:
    theirs, ours = answers_of_r[name], answers_of_python[name]
    assert "error" not in theirs, theirs
    assert theirs["names"] == ours["names"]
    assert lines(theirs) == lines(ours)
    assert lines(ours)


def lines(answer: dict[str, Any]) -> list[tuple[str, ...]]:
    """Its rows in an order of their own; numbers to nine figures."""
    rows = zip(*answer["values"], strict=True)
    return sorted(tuple(f"{v:.9g}" if isinstance(v, int | float) else str(v) for v in row) for row in rows)


SLOW = """
con <- sde_connect()
cat("connected\\n")
Sys.sleep(2)
ended <- tryCatch({
    setTimeLimit(elapsed = 8, transient = TRUE)
    dbGetQuery(con, "SELECT count(*) AS n FROM person")
}, error = conditionMessage)
setTimeLimit()
answer(list(ended = ended))
"""


def test_a_long_wait_says_so_and_can_be_ended(gateway: Settings) -> None:
    """R looks for an interrupt where it looks for its own time limit: while it waits for the guard, too."""
    own = Process.of(os.getpid())
    assert own is not None
    [guard] = [child for child in own.children() if b"guard" in Path(f"/proc/{child.pid}/cmdline").read_bytes()]
    checks = (SCRIPTS / "checks.R").read_text()
    with start_r(gateway, f"{checks}\n{SLOW}") as running:
        assert running.stdout is not None
        assert any("connected" in line for line in iter(running.stdout.readline, ""))
        guard.send(signal.SIGSTOP)
        try:
            said = running.stdout.read()
        finally:
            guard.send(signal.SIGCONT)
    [line] = [line for line in said.splitlines() if line.startswith(ANSWER)]
    answer = json.loads(line.removeprefix(ANSWER))
    assert "still at work: 5 seconds" in said
    assert "does not answer" in answer["ended"]
    assert "still at work: 20 seconds" not in said
    assert run_r(gateway, "cat(sde::sde_project()$project)").stdout == PROJECT


def test_a_new_home_of_the_image_starts_with_its_own_example(gateway: Settings) -> None:
    run_r(gateway, "1")
    home = places_of(gateway.folder, PERSON, PROJECT).home
    assert (home / "first-steps-r.ipynb").is_file() or (home / "first-steps.ipynb").is_file()
    found = run_r(gateway, "list.files('/opt/r/example')").stdout
    assert "first-steps-r.ipynb" in found


def test_the_python_image_has_no_part_of_r_s(gateway: Settings) -> None:
    code = "import os; result = [os.path.exists('/opt/r'), os.path.exists('/etc/R'), os.environ.get('R_PROFILE')]"
    assert in_python(gateway, code) == [False, False, None]


def test_an_image_that_is_not_listed_starts_nothing(gateway: Settings) -> None:
    done = run_r(gateway, "1", image="julia")
    assert done.returncode == 1
    assert done.stderr.startswith("[unknown-image]")
