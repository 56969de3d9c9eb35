"""`sde keeper`: an operator sees each duty and does a round by hand."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from intake.commands.keeper import app
from intake.keeper.duties import DUTIES
from tests.support.keeper_world import KeeperWorld


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def test_a_round_by_hand_shows_what_it_found(world: KeeperWorld) -> None:
    assert {row["state"] for row in json.loads(run("show", "--json"))} == {"not yet"}
    world.region("r1")
    assert "opt-out-answer-absent" in run("round")
    rows = {row["name"]: row for row in json.loads(run("show", "--json"))}
    assert set(rows) == {duty.name for duty in DUTIES}
    assert rows["watch-answer"]["state"] == "warned"
    assert rows["watch-answer"]["warnings"][0]["code"] == "opt-out-answer-absent"
