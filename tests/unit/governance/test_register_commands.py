"""The register's commands as the operator types them: exact forms, tables, JSON, exit codes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governance import command_line
from governance.clock import today
from governance.settings import Settings
from governance.store import Store

pytestmark = pytest.mark.slow  # every combination: over ten seconds together

SOON, YESTERDAY = str(today() + timedelta(days=90)), str(today() - timedelta(days=1))


class Operator:
    """Types `sde ...` and sees what it says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def types(self, line: str, *more: str, code: int = 0) -> str:
        self.monkeypatch.setattr(sys, "argv", ["sde", *line.split(), *more])
        with pytest.raises(SystemExit) as left:
            command_line.main()
        said = self.capsys.readouterr()
        assert int(left.value.code or 0) == code, said
        return said.out if code in (0, 1) and not said.err else said.err

    def reads(self, line: str) -> Any:
        return json.loads(self.types(f"{line} --json"))


@pytest.fixture
def operator(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(monkeypatch, capsys)


def test_from_an_empty_folder_to_a_member_with_data(operator: Operator) -> None:
    assert "sde init" in operator.types("person list", code=1)
    assert "1 audit events" in operator.types("init")
    assert "kept" in operator.types("init")
    said = operator.types("person add p-1 --organisation", "North Trust", "--name", "Pat [red]One[/red]")
    assert "Registered the organisation North Trust" in said
    assert "organisation" not in operator.types("person add p-2 --organisation", "North Trust", "--name", "Q")
    operator.types(f"training record p-1 --course safe-researcher --expires {SOON}")
    operator.types(f"project create gi --title Bleeding --purpose local_research --ends {SOON}")
    assert {row["state"] for row in operator.reads("project approvals gi")} == {"missing"}
    assert "[approval-missing]" in operator.types("project set gi --status active", code=1)
    for kind in ("ethics", "dpia", "legal_basis", "sponsor", "controller_agreement"):
        operator.types(f"project approve gi --kind {kind} --reference {kind}-1 --party Trust --until {SOON}")
    assert {row["state"] for row in operator.reads("project approvals gi")} == {"in-force"}
    operator.types("project set gi --status active")
    operator.types(f"member add gi p-1 --role researcher --until {SOON}")
    operator.types("grant add gi --table person --columns", "year_of_birth, gender_concept_id")
    operator.types("grant add gi --all-tables")

    assert operator.reads("person show p-1") == {
        "subject": "p-1",
        "name": "Pat [red]One[/red]",
        "organisation": "North Trust",
        "roles": [],
        "state": "in force",
        "projects": ["gi"],
    }
    assert operator.reads("member list gi")[0]["state"] == "in force"
    assert [row["state"] for row in operator.reads("person list")] == ["in force", "training-missing"]
    assert operator.reads("project show gi")["mode"] == "aggregate"
    assert operator.reads("project list")[0]["ends"] == SOON
    assert operator.reads("training list p-1")[0]["in_force"] is True
    assert [row["columns"] for row in operator.reads("grant list gi")] == [["gender_concept_id", "year_of_birth"], []]
    assert "Pat [red]One[/red]" in operator.types("person list"), "no markup is read from names"
    for command in ("person", "training", "project", "member", "grant"):
        assert "p-1" in operator.types(f"{command} list") or "gi" in operator.types(f"{command} list")
    assert "Bleeding" in operator.types("project show gi")


def test_lists_of_nothing_say_so(operator: Operator, store: Store) -> None:
    for command in ("person", "training", "project", "member", "grant"):
        assert operator.types(f"{command} list").strip().endswith(".")
        assert operator.reads(f"{command} list") == []


def test_changes_and_ends(operator: Operator, demo_register: Store) -> None:
    operator.types(f"project set gi-bleed --ends {SOON} --profile hes --title", "A new title")
    assert operator.reads("project show gi-bleed")["profile"] == "hes"
    assert operator.reads("project show gi-bleed")["budget_cells"] == 20_000
    assert "budget_cells" in operator.types("project set gi-bleed --budget-cells 500")
    assert operator.reads("project show gi-bleed")["budget_cells"] == 500
    assert operator.reads("project show gi-bleed")["terminals"] is False
    operator.types("project set gi-bleed --terminals")
    assert operator.reads("project show gi-bleed")["terminals"] is True
    operator.types("project set gi-bleed --no-terminals --status suspended --summary", "Why we do it")
    assert operator.reads("project show gi-bleed")["terminals"] is False
    assert operator.reads("member list gi-bleed")[0]["state"] == "project-not-active"
    operator.types("project set gi-bleed --status active")
    operator.types("member remove gi-bleed researcher-a")
    assert [row["subject"] for row in operator.reads("member list gi-bleed")] == ["researcher-b"]
    operator.types("member add gi-bleed researcher-a")
    ends = {row["until"] for row in operator.reads("member list gi-bleed") if row["subject"] == "researcher-a"}
    assert ends == {SOON}, "the project's last day"
    operator.types("person suspend researcher-a")
    assert operator.reads("person show researcher-a")["state"] == "person-suspended"
    operator.types("person restore researcher-a")
    operator.types("person role researcher-a auditor")
    assert operator.reads("person show researcher-a")["roles"] == ["auditor"]
    operator.types("person role researcher-a auditor --withdraw")
    operator.types("person organisation --until", YESTERDAY, "Northbridge University")
    assert operator.reads("person show researcher-a")["state"] == "organisation-expired"
    assert "no end date" in operator.types("person organisation", "Northbridge University")
    assert "every table" in operator.types("grant revoke gi-bleed --all-tables")
    operator.types("grant revoke respiratory --table death")
    assert "death" not in operator.types("grant list respiratory")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("person add admin --name N --organisation Elsewhere", 1, "[already-exists]"),
        ("person add x/y --name N --organisation Elsewhere", 1, "[bad-subject]"),
        ("person show nobody", 1, "[no-such-person]"),
        ("person role admin god", 2, "'god' is not one of"),
        ("project set gi-bleed --budget-cells 0", 1, "[bad-budget]"),
        ("project set gi-bleed --budget-cells 20000", 1, "[nothing-to-change]"),
        ("project set gi-bleed --budget-cells many", 2, "'--budget-cells'"),
        ("training record admin --course C --expires 2030-1-1", 2, "YYYY-MM-DD"),
        ("training record admin --course C --expires 2030-02-30", 2, "YYYY-MM-DD"),
        ("training record admin --course C --expires 20300101", 2, "YYYY-MM-DD"),
        ("training record admin --course C", 1, "[unknown-course]"),
        ("project create x --title T --purpose fun --ends 2099-01-01", 2, "'fun' is not one of"),
        ("project create x --title T --purpose national --profile p --ends 2099-01-01", 1, "[unknown-profile]"),
        ("project create X --title T --purpose national --ends 2099-01-01", 1, "[bad-slug]"),
        ("project set gi-bleed", 1, "[nothing-to-change]"),
        ("member add gi-bleed checker-a", 1, "[checker-cannot-be-member]"),
        ("member add nowhere admin", 1, "[no-such-project]"),
        ("member remove gi-bleed admin", 1, "[not-a-member]"),
        ("grant add gi-bleed", 2, "--all-tables or --table"),
        ("grant add gi-bleed --all-tables --table person", 2, "--all-tables or --table"),
        ("grant add gi-bleed --all-tables --columns a", 1, "[bad-identifier]"),
        ("grant list nowhere", 1, "[no-such-project]"),
        ("audit tail -n 0", 2, "-n"),
    ],
)
def test_what_is_refused(operator: Operator, demo_register: Store, line: str, code: int, said: str) -> None:
    assert said in " ".join(operator.types(line, code=code).replace("│", " ").split())


def test_the_operator_is_the_actor(operator: Operator, demo_register: Store) -> None:
    operator.types("person suspend researcher-a")
    (event,) = [json.loads(line) for line in operator.types("audit tail -n 1 --json").splitlines()]
    assert event["event"] == "person.suspended"
    assert event["actor"].startswith("operator:")
    assert event["detail"] == {"subject": "researcher-a"}


def test_audit_verify_and_tail(operator: Operator, demo_register: Store, settings: Settings) -> None:
    assert operator.types("audit verify").startswith("OK: ")
    report = operator.reads("audit verify")
    assert report["holds"] is True
    assert len(operator.types("audit tail --json").splitlines()) == 20
    assert "member.added" in operator.types("audit tail")

    head = settings.folder.audit_head.read_bytes()
    operator.types("person suspend researcher-a")
    settings.folder.audit_head.write_bytes(head)
    assert "the newest 1 are not signed" in operator.types("audit verify")

    with sqlite3.connect(settings.folder.register) as connection:
        connection.execute("DROP TRIGGER audit_event_no_update")
        connection.execute("UPDATE audit_event SET detail = 'not json' WHERE seq = 5")
    said = operator.types("audit verify", code=1)
    assert said.startswith("BROKEN at event 5 (project.created): was changed after it was written.")
    assert "4 events before it hold" in said
    broken = json.loads(operator.types("audit verify --json", code=1))
    assert (broken["holds"], broken["broken_seq"], broken["broken_event"]) == (False, 5, "project.created")
    assert '"not json"' in operator.types("audit tail -n 500 --json")

    settings.folder.audit_head.unlink()
    with sqlite3.connect(settings.folder.register) as connection:
        connection.execute("DROP TRIGGER audit_event_no_delete")
        connection.execute("DELETE FROM audit_event")
    assert "BROKEN at event 1: the end of the chain cannot be proven" in operator.types("audit verify", code=1)
    assert operator.types("audit tail").strip() == "No events."


@pytest.mark.slow
def test_the_installed_command(settings: Settings) -> None:
    command = Path(sys.executable).with_name("sde")
    environment = {**os.environ, "SDE_STATE": str(settings.folder.root)}

    def sde(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    assert sde("audit", "verify").returncode == 1
    assert sde("init").returncode == 0
    done = sde("person", "add", "p", "--name", "P", "--organisation", "O")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(sde("person", "list", "--json").stdout)[0]["subject"] == "p"
    assert sde("audit", "verify").stdout.startswith("OK: 3 events")
    assert sde("person", "add").returncode == 2
    environment["SDE_PROT"] = "1"
    refused = sde("person", "list")
    assert refused.returncode == 1
    assert "SDE_PROT" in refused.stderr
    for command_name in ("init", "person", "training", "project", "member", "grant", "audit"):
        assert sde(command_name, "--help").returncode == 0
