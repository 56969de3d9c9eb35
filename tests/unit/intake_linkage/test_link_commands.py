"""`sde link` as a steward types it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from intake.commands.link import app
from intake.places import IntakePlaces
from tests.support.linking import ANNA, BEN, LinkingLab


@pytest.fixture
def lab(settings: Settings, store: Store) -> LinkingLab:
    """Two people, and an episode of Anna's."""
    del store
    lab = LinkingLab(settings, IntakePlaces.of(settings))
    lab.register(ANNA, BEN)
    lab.admit(ANNA)
    lab.link()
    return lab


def run(*arguments: str, typed: str = "") -> str:
    """What the command prints. Raises what it raises."""
    return CliRunner().invoke(app, list(arguments), input=typed, catch_exceptions=False).output


def test_status_find_explain_and_decide(lab: LinkingLab) -> None:
    assert json.loads(run("status", "--json"))["people"] == 2
    assert "2 people" in run("status")
    found = json.loads(run("find", "--json", typed=f"{ANNA.number}\n").splitlines()[-1])
    assert {(each["feed"], each["rank"]) for each in found} == {("gp", 1), ("hospital", 1)}
    hospital = next(each for each in found if each["feed"] == "hospital")
    reference, anna = str(hospital["person_ref"]), str(hospital["person_id"])
    assert "date of birth" in json.loads(run("explain", "hospital", reference, "--json"))[0]["agree"]
    assert reference in run("explain", "hospital", reference)
    ben = next(str(p) for (p,) in lab.ask("SELECT person_id FROM person") if str(p) != anna)
    assert "Decision 1 (split) is recorded" in run("split", "hospital", reference, "--reason", "not hers")
    assert "Decision 2 (correct)" in run("correct", "hospital", reference, ben, "--reason", "his")
    assert "Decision 3 (merge)" in run("merge", ben, anna, "--reason", "one")
    assert "Decision 3 (merge) is withdrawn" in run("withdraw", "3")
    lab.link()
    assert lab.linked("hospital") == [(BEN.number, 0)]


def test_nothing_that_is_printed_is_a_fact(lab: LinkingLab) -> None:
    printed = run("status") + run("find", typed=f"{ANNA.number}\n")
    del lab
    assert not any(fact in printed for fact in (str(ANNA.number), "1970", "AB1", "ANNA", "Anna"))


def test_without_a_spine_everything_says_so(settings: Settings, store: Store) -> None:
    del settings, store
    with pytest.raises(Refusal, match="no-spine"):
        run("status")
