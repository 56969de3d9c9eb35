"""`sde guard`: batch, explain, tables, doctor, run as people run them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from governance.refusal import Refusal
from query_guard.commands import app
from tests.support.guard_lab import GuardLab
from tests.support.scratch import surroundings

pytestmark = pytest.mark.slow

KEYS = [
    "id",
    "verdict",
    "code",
    "message",
    "columns",
    "rows",
    "suppressed",
    "flags",
    "receipt",
    "plan_ms",
    "execute_ms",
    "total_ms",
]
PLAIN = "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY gender_concept_id ORDER BY n"


def sde(lab: GuardLab, *arguments: str, given: bytes = b"") -> Result:
    """Run `sde guard ...` in this process."""
    return CliRunner().invoke(app, arguments, input=given, env={"SDE_STATE": str(lab.settings.folder.root)})


def batch(lab: GuardLab, given: bytes, subject: str = "researcher-a", project: str = "gi-bleed") -> list[Any]:
    done = sde(lab, "batch", "--project", project, "--as", subject, given=given)
    assert done.exit_code == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(list(line) == KEYS for line in lines)
    return lines


def test_a_line_out_for_every_line_in(guard_lab: GuardLab) -> None:
    given = b"\n".join(
        [
            json.dumps({"id": "a", "sql": PLAIN}).encode(),
            b"",
            b"{broken",
            json.dumps({"id": 3}).encode(),
            json.dumps({"id": [4], "sql": "DROP TABLE person"}).encode(),
            b"\xff\xfe",
            json.dumps({"id": 6, "sql": PLAIN}).encode(),
        ]
    )
    lines = batch(guard_lab, given)
    assert [line["id"] for line in lines] == ["a", None, None, 3, [4], None, 6]
    assert [line["verdict"] for line in lines] == ["answered"] + ["refused"] * 5 + ["answered"]
    assert [line["code"] for line in lines[1:4]] == ["bad-line"] * 3
    first = lines[0]
    assert [column["name"] for column in first["columns"]] == ["gender_concept_id", "n"]
    assert [row[1] for row in first["rows"]] == sorted(row[1] for row in first["rows"])
    assert first["total_ms"] >= first["plan_ms"] + first["execute_ms"] > 0
    assert len(first["receipt"]) == len(lines[4]["receipt"]) == 32
    assert lines[0]["rows"] == lines[6]["rows"]


def test_no_lines_in_no_lines_out(guard_lab: GuardLab) -> None:
    assert batch(guard_lab, b"") == []


@pytest.mark.parametrize("subject", ["outsider", "checker-a", "nobody", ""])
def test_whoever_is_no_member_is_refused_line_by_line(guard_lab: GuardLab, subject: str) -> None:
    lines = batch(guard_lab, json.dumps({"id": 1, "sql": PLAIN}).encode() + b"\n\n", subject)
    assert [line["verdict"] for line in lines] == ["refused", "refused"]
    assert lines[0]["code"] in {"not-a-member", "not-registered"}


def test_projects_see_their_own_tables(guard_lab: GuardLab) -> None:
    given = json.dumps({"id": 1, "sql": "SELECT count(*) FROM measurement"}).encode()
    [mine] = batch(guard_lab, given, "researcher-b", "gi-bleed")
    [other] = batch(guard_lab, given, "researcher-b", "respiratory")
    assert (mine["verdict"], other["verdict"], other["code"]) == ("answered", "refused", "unknown-table")


def test_batch_is_the_same_as_asking(guard_lab: GuardLab) -> None:
    [line] = batch(guard_lab, json.dumps({"id": 1, "sql": PLAIN}).encode())
    table = guard_lab.ask(PLAIN).table
    assert table is not None
    assert line["rows"] == [list(row.values()) for row in table.to_pylist()]


def test_explain_shows_the_rewriting_and_runs_nothing(guard_lab: GuardLab) -> None:
    done = sde(guard_lab, "explain", "--project", "gi-bleed", "--as", "researcher-a", "--json", PLAIN)
    assert done.exit_code == 0, done.stderr
    shown = json.loads(done.stdout)
    assert (shown["verdict"], shown["flow"], shown["tables"]) == ("answered", "protected", ["person"])
    assert [step["kind"] for step in shown["steps"]] == ["protect", "free"]
    assert shown["steps"][0]["sql"].startswith("WITH sde_rows AS (")
    assert '"sde_p1"' in shown["steps"][1]["sql"]
    assert [line["flow"] for line in shown["relations"]] == ["private", "protected", "protected"]
    shown_text = sde(guard_lab, "explain", "--project", "gi-bleed", given=PLAIN.encode())
    assert "verdict: answered" in shown_text.stdout


def test_explain_says_why_not(guard_lab: GuardLab) -> None:
    done = sde(guard_lab, "explain", "--project", "gi-bleed", "SELECT * FROM person")
    assert done.exit_code == 1
    assert "verdict: refused" in done.stdout
    shown = json.loads(sde(guard_lab, "explain", "--project", "gi-bleed", "--json", "SELECT * FROM person").stdout)
    assert (shown["verdict"], shown["steps"], shown["relations"]) == ("refused", [], [])
    assert "at: " not in sde(guard_lab, "explain", "--project", "gi-bleed", given=b"  ").stdout  # no place to name


def test_explain_asks_for_approval_too(guard_lab: GuardLab) -> None:
    done = sde(guard_lab, "explain", "--project", "gi-bleed", "--as", "checker-a", PLAIN)
    assert isinstance(done.exception, Refusal)
    assert done.exception.code == "not-a-member"


def test_tables(guard_lab: GuardLab) -> None:
    shown = json.loads(sde(guard_lab, "tables", "--project", "respiratory", "--json").stdout)
    assert "person" in shown
    assert "measurement" not in shown
    assert "condition_occurrence" in sde(guard_lab, "tables", "--project", "respiratory").stdout


def test_doctor_tries_the_engine(guard_lab: GuardLab) -> None:
    shown = json.loads(sde(guard_lab, "doctor", "--json").stdout)
    assert shown["lock"]["enable_external_access"] == "false"
    assert shown["duckdb"].startswith("2.")
    assert "bubblewrap" in sde(guard_lab, "doctor").stdout


def test_doctor_without_a_sandbox_says_what_to_do(guard_lab: GuardLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_guard.engine.sandbox.find_bwrap", lambda: Path("/bin/false"))
    done = sde(guard_lab, "doctor")
    assert isinstance(done.exception, Refusal)
    assert done.exception.code == "engine-unavailable"


def test_installed_command_answers_and_logs_no_sql(guard_lab: GuardLab) -> None:
    """The same over a real process: standard output holds answers only."""
    done = subprocess.run(
        [Path(sys.executable).parent / "sde", "guard", "batch", "--project", "gi-bleed", "--as", "researcher-a"],
        input=json.dumps({"id": 1, "sql": PLAIN})
        + "\n"
        + json.dumps({"id": 2, "sql": "select 'a secret word' from nowhere"}),
        capture_output=True,
        env={**surroundings(), "SDE_STATE": str(guard_lab.settings.folder.root)},
        text=True,
        timeout=60,
        check=True,
    )
    assert [json.loads(line)["verdict"] for line in done.stdout.splitlines()] == ["answered", "refused"]
    assert "secret" not in done.stderr
