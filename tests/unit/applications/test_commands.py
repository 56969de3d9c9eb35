"""`sde application` and `sde review-group`: what the operator may do, and that nobody votes by command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from governance.commands import application, review_group
from governance.refusal import Refusal
from governance.store import Store
from tests.support.application_world import APPLICANT, complete_values


def _run(app: object, *words: str) -> str:
    result = CliRunner().invoke(app, words)  # type: ignore[arg-type]
    if isinstance(result.exception, Refusal):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_an_application_from_a_file(world: Store, tmp_path: Path) -> None:
    number = _run(application.app, "start", "--for", APPLICANT).strip()
    values = complete_values()
    values.pop("title")
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(values))
    assert "title" in _run(application.app, "save", number, str(file))
    with pytest.raises(Refusal, match="incomplete"):
        _run(application.app, "submit", number)
    file.write_text('{"title": "Falls"}')
    assert "Nothing is missing" in _run(application.app, "save", number, str(file))
    assert _run(application.app, "check", number) == "Nothing is missing.\n"
    assert "Submitted version 1" in _run(application.app, "submit", number)
    _run(application.app, "accept", number, "--meets", "2099-01-01")
    (listed,) = json.loads(_run(application.app, "list", "--json"))
    assert (listed["state"], listed["title"]) == ("in_review", "Falls")
    shown = json.loads(_run(application.app, "show", number, "--json"))
    assert shown["answers"]["slug"] == "frailty" and len(shown["needs"]) == 2
    assert "Trust" in _run(application.app, "show", number)
    assert _run(application.app, "orders") == "Nothing was ordered.\n"
    file.write_text("[]")
    with pytest.raises(Refusal, match="bad-file"):
        _run(application.app, "save", number, str(file))


def test_the_group_by_command(world: Store) -> None:
    _run(review_group.app, "withdraw", "expert")
    _run(review_group.app, "appoint", "stranger", "--kind", "expert", "--until", "2099-01-01")
    held = {one["subject"]: one for one in json.loads(_run(review_group.app, "list", "--json"))}
    assert held["stranger"]["in_force"] and not held["expert"]["in_force"]
    assert "built in" in _run(review_group.app, "rule")
    assert "version 1" in _run(review_group.app, "propose", "--approve-percent", "67")
    with pytest.raises(Refusal, match="own-approval"):
        _run(review_group.app, "confirm", "1")
    assert _run(review_group.app, "controllers", "gp") == "gp: nobody.\n"
    _run(review_group.app, "delegate", "Trust", "stranger", "--until", "2099-01-01")


def test_no_command_votes_agrees_or_approves() -> None:
    named = {command.name or command.callback.__name__ for command in application.app.registered_commands}  # type: ignore[union-attr]
    assert not named & {"vote", "declare", "conclude", "sign", "agree", "answer", "approve"}
