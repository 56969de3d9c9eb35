"""`sde.check` of the researcher's client, with answers of the airlock's shape over a real socket: files and folders,
a table for notebooks, words for terminals, exit codes, and nothing that a page or a terminal would obey."""

from __future__ import annotations

import importlib
import json
import os
import re
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from egress.findings import CheckReport, Finding, Severity, verdict_of
from egress.service.trying import Trial
from governance.disclosure import PROFILES

CLIENT = Path(__file__).parents[3] / "images" / "client"
NAME = re.compile(rb'filename="([^"]*)"\r\n[^\n]*\n(?:[^\r]*\r\n)*?\r\n(\w+)')
HOSTILE = "column \x1b[31m<script>alert(1)</script>"


def judged(name: str, word: str) -> CheckReport:
    """A file that begins with FAIL or REVIEW has two findings that say the same of two places."""
    severity = Severity(word) if word in ("FAIL", "REVIEW") else Severity.PASS
    places = ("row 1", HOSTILE) if severity is not Severity.PASS else ()
    found = tuple(Finding("small-counts", severity, place, "A count is small.", "Suppress it.") for place in places)
    return CheckReport(name, verdict_of(found), found, "text/csv", "", 0)


class Airlock(BaseHTTPRequestHandler):
    """Answers a check as the airlock's API does; what a file holds is its verdict."""

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        files = [(name.decode(), word.decode()) for name, word in NAME.findall(sent)]
        self.server.asked.append(len(files))  # type: ignore[attr-defined]
        trial = Trial(PROFILES["nhs-sde"], tuple(judged(name, word) for name, word in files))
        body = json.dumps(trial.as_json()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Says nothing."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[int]]:
    """How many files were in each question; the present folder holds `files`."""
    monkeypatch.syspath_prepend(CLIENT)
    transport = importlib.import_module("sde.transport")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of-this-workspace")
    monkeypatch.chdir(tmp_path)
    for name, word in (("good.csv", "PASS"), ("bad.csv", "FAIL"), ("deep/er/look.csv", "REVIEW")):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(word)
    with tempfile.TemporaryDirectory() as short:
        monkeypatch.setitem(transport.SOCKETS, "airlock", f"{short}/a")
        transport._client.cache_clear()
        with socketserver.UnixStreamServer(f"{short}/a", Airlock) as server:
            server.asked = []  # type: ignore[attr-defined]
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield server.asked  # type: ignore[attr-defined]
            transport._client("airlock").close()
            server.shutdown()
            thread.join()
        transport._client.cache_clear()


def sde() -> Any:
    return importlib.import_module("sde")


def test_files_and_folders_become_a_table_of_findings(asked: list[int]) -> None:
    checked = sde().check(["good.csv", "deep", "bad.csv", "good.csv"])
    assert checked.verdicts == {"good.csv": "PASS", "deep/er/look.csv": "REVIEW", "bad.csv": "FAIL"}
    assert list(checked.columns) == ["file", "check", "severity", "where", "why", "fix"]
    assert list(checked["file"]) == ["deep/er/look.csv"] * 2 + ["bad.csv"] * 2
    assert checked.verdict == "FAIL"
    assert checked.profile == PROFILES["nhs-sde"].version
    assert sde().check("good.csv").verdict == "PASS"
    assert sde().check(Path("deep")).verdict == "REVIEW"


def test_words_name_the_profile_and_say_once_what_is_not_seen(asked: list[int]) -> None:
    said = repr(sde().check("."))
    assert said.startswith("3 files: 1 would bounce, 1 a person must look, 1 nothing found. Profile nhs-sde/")
    assert "groups under 10 suppressed, counts rounded to 5" in said
    assert said.count("earlier releases") == 1
    assert said.count("A count is small.") == 2  # once a file, with both places
    assert "\x1b" not in said


def test_a_notebook_shows_a_table_and_runs_nothing(asked: list[int]) -> None:
    page = sde().check(".")._repr_html_()
    assert page.count("<tr>") == 4
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "good.csv" in page
    assert page.count("earlier releases") == 1


def test_hidden_files_and_links_of_a_folder_are_left_out(asked: list[int]) -> None:
    Path(".hidden.csv").write_text("FAIL")
    Path("deep/.git").mkdir()
    Path("deep/.git/config.csv").write_text("FAIL")
    Path("deep/link.csv").symlink_to("../bad.csv")
    os.mkfifo("deep/pipe.csv")
    assert list(sde().check("deep").verdicts) == ["deep/er/look.csv"]


def test_many_files_are_asked_about_in_requests_worth(asked: list[int]) -> None:
    Path("many").mkdir()
    for number in range(60):
        Path(f"many/{number:02}.csv").write_text("REVIEW" if number == 55 else "PASS")
    checked = sde().check("many")
    assert asked == [50, 10]
    assert [file for file, verdict in checked.verdicts.items() if verdict != "PASS"] == ["many/55.csv"]


def test_what_is_no_question_is_refused(asked: list[int]) -> None:
    Path("empty").mkdir()
    with pytest.raises(sde().Refused, match="no-output-file"):
        sde().check("empty")
    with pytest.raises(FileNotFoundError):
        sde().check("nowhere.csv")
    checking = importlib.import_module("sde.checking")
    with pytest.raises(sde().Refused, match="too-many-files"):
        checking.find_files([f"{number}.csv" for number in range(checking.MOST_FILES + 1)])
    assert asked == []


@pytest.mark.parametrize(
    ("given", "code"), [(["good.csv"], 0), (["deep"], 0), (["good.csv", "bad.csv"], 1), (["nowhere.csv"], 2)]
)
def test_the_exit_code(asked: list[int], capsys: pytest.CaptureFixture[str], given: list[str], code: int) -> None:
    command = importlib.import_module("sde.__main__")
    assert command.main(["check", *given]) == code
    assert bool(capsys.readouterr().out) == (code != 2)


def test_json_for_programs(asked: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("sde.__main__").main(["check", "--json", "bad.csv", "good.csv"])
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["files"][0]["meaning"]) == ("FAIL", "would bounce")
    assert [found["where"] for found in told["files"][0]["findings"]] == ["row 1", HOSTILE]
    assert told["files"][1]["findings"] == []
