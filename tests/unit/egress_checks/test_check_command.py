"""`sde check`: a verdict for every path, exit codes, and nothing that a terminal would obey."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from egress.commands import check as command
from egress.commands.check import app
from egress.findings import CheckReport, Finding, Severity
from governance.refusal import Refusal

pytestmark = pytest.mark.slow
runner = CliRunner()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SDE_STATE", str(tmp_path / "no-state-here"))
    (tmp_path / "good.csv").write_text("sex,n\nF,120\nM,130\n")
    (tmp_path / "bad.csv").write_text("sex,n\nF,120\nM,7\n")
    (tmp_path / "empty.csv").touch()
    os.mkfifo(tmp_path / "pipe.csv")
    return tmp_path


def test_json_gives_one_line_a_file(files: Path) -> None:
    paths = [str(files / name) for name in ("good.csv", "bad.csv", "empty.csv", "pipe.csv", "gone.csv")]
    result = runner.invoke(app, ["--json", *paths, "/dev/zero"])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [line["path"] for line in lines] == [*paths, "/dev/zero"]
    assert [line["verdict"] for line in lines] == ["PASS", *["FAIL"] * 5]
    assert lines[1]["findings"][0].keys() == {"check", "severity", "where", "why", "fix"}


def test_exit_code_0_if_nothing_fails(files: Path) -> None:
    result = runner.invoke(app, [str(files / "good.csv")])
    assert result.exit_code == 0
    assert "PASS" in result.stdout


def test_a_folder_stands_for_its_files(files: Path) -> None:
    (files / "later").mkdir()
    (files / "later" / "more.csv").write_text("sex,n\nF,120\n")
    for hidden in (".hidden.csv", "later/.ipynb_checkpoints"):
        (files / hidden).touch() if "csv" in hidden else (files / hidden).mkdir()
    (files / "later" / ".ipynb_checkpoints" / "old.csv").write_text("sex,n\nF,1\n")
    (files / "link.csv").symlink_to(files / "good.csv")
    result = runner.invoke(app, ["--json", str(files)])
    given = {Path(line["path"]).name: line["verdict"] for line in map(json.loads, result.stdout.splitlines())}
    failing = dict.fromkeys(("bad.csv", "empty.csv", "link.csv", "pipe.csv"), "FAIL")
    assert given == {**failing, "good.csv": "PASS", "more.csv": "PASS"}


def test_what_cannot_be_seen_and_the_profile_are_said_once(files: Path) -> None:
    result = runner.invoke(app, [str(files / "good.csv"), str(files / "bad.csv")])
    said = " ".join(result.stdout.split())
    assert "1 FAIL (may not leave as it is), 0 REVIEW (a person must look), 1 PASS (nothing found)." in said
    assert said.count("Profile nhs-sde/") == said.count("earlier releases") == 1


def test_a_folder_without_files_is_refused(files: Path) -> None:
    (files / "none").mkdir()
    result = runner.invoke(app, [str(files / "none")])
    assert isinstance(result.exception, Refusal)
    assert result.exception.code == "no-file-to-check"


def test_people_get_a_table(files: Path) -> None:
    result = runner.invoke(app, [str(files / "bad.csv"), "--profile", "sacro"])
    assert result.exit_code == 1
    assert "small-counts" in result.stdout
    assert "row 2, column n" in result.stdout


def test_an_unknown_profile_is_refused(files: Path) -> None:
    result = runner.invoke(app, [str(files / "good.csv"), "--profile", "mine"])
    assert isinstance(result.exception, Refusal)
    assert result.exception.code == "unknown-profile"


def test_settings_of_something_else_do_not_matter(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDE_NO_SUCH_SETTING", "1")
    assert runner.invoke(app, [str(files / "good.csv")]).exit_code == 0
    monkeypatch.setenv("SDE_EGRESS_FILE_BYTES", "5")  # all are refused for the unknown one, and the default holds
    assert runner.invoke(app, [str(files / "good.csv")]).exit_code == 0


def test_too_many_files_are_refused_before_any_is_read(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MOST_FILES", 2)
    result = runner.invoke(app, [str(files / "good.csv")] * 3)
    assert isinstance(result.exception, Refusal)
    assert result.exception.code == "too-many-files"


def test_the_limit_of_the_gateway_is_that_of_the_check(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert runner.invoke(app, [str(files / "good.csv")]).exit_code == 0
    monkeypatch.setenv("SDE_EGRESS_FILE_BYTES", "5")
    assert runner.invoke(app, [str(files / "good.csv")]).exit_code == 1
    monkeypatch.delenv("SDE_EGRESS_FILE_BYTES")
    (files / "no-state-here").mkdir()
    (files / "no-state-here" / "sde.toml").write_text("egress_file_bytes = 5\n")
    assert runner.invoke(app, [str(files / "good.csv")]).exit_code == 1


def test_hostile_names_are_printed_harmlessly(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding("a", Severity.REVIEW, "column \x1b[31m", "why", "fix")
    report = CheckReport("x", Severity.REVIEW, (finding, finding), "", "", 0)
    command._print_report("a\x1b[31m\udcff.csv", report)
    printed = capsys.readouterr().out
    assert "\x1b[31m" not in printed
    assert "a\ufffd[31m\ufffd.csv" in printed
