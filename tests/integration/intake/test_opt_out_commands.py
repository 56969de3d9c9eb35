"""`sde optout` as a steward types it: the whole exchange, single wishes, the report; and nobody's number on the way."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from governance import command_line
from governance.clock import today
from governance.settings import Settings
from governance.store import Store
from tests.support.opt_out_region import make_spine, nhs_number, write_opt_outs

PEOPLE = 30
NUMBERS = [nhs_number(place) for place in range(PEOPLE)]


class Steward:
    """Types `sde optout ...`, with something on standard input, and sees what it says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys
        self.heard = ""

    def types(self, line: str, *more: str, code: int = 0, told: str = "") -> str:
        self.monkeypatch.setattr(sys, "argv", ["sde", "optout", *line.split(), *more])
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(told))
        with pytest.raises(SystemExit) as left:
            command_line.main()
        said = self.capsys.readouterr()
        assert int(left.value.code or 0) == code, said
        self.heard += said.out + said.err
        return said.out if code == 0 else said.err

    def reads(self, line: str, *more: str, **options: str) -> Any:
        return json.loads(self.types(line, *more, "--json", **options))


@pytest.fixture
def steward(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Steward:
    return Steward(monkeypatch, capsys)


def test_a_stewards_week(settings: Settings, steward: Steward, tmp_path: Path) -> None:
    make_spine(settings, {place: [number] for place, number in enumerate(NUMBERS)})
    lines = [f"{number},type_1,,active,2024-01-01," for number in NUMBERS[:12]]
    file = write_opt_outs(tmp_path / "practice.csv", [*lines, f"{NUMBERS[12]},local,,active,,"])
    assert "13 recorded; version 1" in steward.types("load", str(file))
    assert steward.reads("load", str(file))["rows"] == 0

    report = steward.reads("report")
    assert report["answer_state"] == "absent"
    assert {loss["use"]: loss["lose_all"] for loss in report["losses"]} == {
        "direct_care": 0,
        "local_planning": PEOPLE,
        "local_research": PEOPLE,
        "national": PEOPLE,
    }
    request = steward.reads("check-export", "--out", str(tmp_path / "ask.dat"))
    assert request["numbers"] == PEOPLE
    lines = [
        line for line in (tmp_path / "ask.dat").read_text().splitlines(keepends=True) if int(line[:10]) != NUMBERS[20]
    ]
    (tmp_path / "answer.dat").write_text("".join(lines))
    assert "29 of 30 may be used" in steward.types("check-import", str(tmp_path / "answer.dat"))
    assert "no-open-request" in steward.types("check-import", str(tmp_path / "answer.dat"), code=1)

    assert steward.reads("record local", told=f"{NUMBERS[13]}\n")["counts"] == {"local.active": 1}
    steward.types("record gdpr_objection --controller acute_trust --status upheld", told=f"{NUMBERS[14]}\n")
    assert "changes nothing" not in steward.types("withdraw local", told=f"{NUMBERS[12]}\n")
    assert "changes nothing" in steward.types("withdraw local", told=f"{NUMBERS[15]}\n")
    assert "bad-opt-out" in steward.types("record local", told="1234567890\n", code=1)
    assert "bad-opt-out" in steward.types("record national", told=f"{NUMBERS[1]}\n", code=1)

    status = steward.reads("status")
    assert status["counts"]["type_1.active"] == 12
    assert status["counts"]["local.active"] == "<10"
    losses = {loss["use"]: loss for loss in status["losses"]}
    assert losses["local_research"]["lose_some"] == 15  # 12 type 1, local, objection, national
    assert losses["local_research"]["lose_all"] == "<10"
    assert losses["direct_care"]["lose_some"] == "<10"
    assert ["gp", "type_1", 12] in losses["national"]["by_feed_and_reason"]
    assert "What each use loses" in steward.types("status")

    page = next((settings.folder.reports / "optouts").glob("*.html"))
    steward.types("report")
    newest = (settings.folder.reports / "optouts" / "6.html").read_text()
    assert "The national answer" in newest
    assert page.stat().st_mode & 0o777 == 0o600
    for text in (steward.heard, newest):
        assert not [number for number in NUMBERS if str(number) in text]


def test_the_deny_table_is_explained(steward: Steward) -> None:
    rules = {(rule["kind"], rule["status"]): rule for rule in steward.reads("explain-policy")["rules"]}
    assert rules["type_1", "active"] == {
        "kind": "type_1",
        "status": "active",
        "feeds": "gp",
        "direct_care": True,
        "local_planning": False,
        "local_research": False,
        "national": False,
    }
    assert rules["local", "active"]["national"] is True
    assert "in force since 2018-05-25" in steward.types("explain-policy")


def test_before_anything_was_linked(steward: Steward, tmp_path: Path) -> None:
    assert "no-spine" in steward.types("check-export", code=1)
    assert steward.reads("status")["losses"] == []
    assert steward.reads("refresh") == {"version": 0, "entries": 0, "nobody": 0, "controllers": 0}
    starts = f"record local --from {today()}"
    assert steward.reads(starts, told=f"{NUMBERS[0]}\n")["not_in_region"] == 1


def test_a_command_refuses_in_words(steward: Steward, tmp_path: Path) -> None:
    assert "no-such-file" in steward.types("load", str(tmp_path / "none.csv"), code=1)
    assert "no-such-file" in steward.types("check-import", str(tmp_path / "none.dat"), code=1)
    (tmp_path / "o.csv").write_text("hello\n")
    said = steward.types("load", str(tmp_path / "o.csv"), code=1)
    assert "nhs_number,kind,controller,status,from,to" in said
