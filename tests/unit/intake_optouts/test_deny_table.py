"""The deny table as data: complete or not used, by day, and every name in it known."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

import pytest

from governance.refusal import Refusal
from governance.roles import Purpose
from intake.optouts.policy import check_feeds, journal_codes, policies, policy_on, read_policies
from intake.optouts.words import Use

TEXT = files("intake.optouts").joinpath("deny.toml").read_text()
HEAD, VERSION = TEXT.split("[[version]]", 1)


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def test_the_version_in_force_is_that_of_the_day() -> None:
    later = VERSION.replace('name = "1"', 'name = "2"').replace("2018-05-25", "2027-01-01")
    versions = read_policies(f"{HEAD}[[version]]{VERSION}[[version]]{later}")
    assert [policy_on(day, versions).name for day in (date(2018, 5, 25), date(2026, 12, 31), date(2027, 1, 1))] == [
        "1",
        "1",
        "2",
    ]
    with pytest.raises(Refusal, match="no-deny-table"):
        policy_on(date(2018, 5, 24), versions)


BROKEN = {
    "no version": HEAD,
    "not TOML": TEXT + "[",
    "an unknown kind": changed('kind = "local"', 'kind = "locals"'),
    "an unknown use": changed('closes = ["direct_care"]', 'closes = ["care"]'),
    "a rule twice": changed('status = "pending"', 'status = "upheld"'),
    "a rule missing": TEXT[: TEXT.rindex("[[version.rule]]")],
    "a word too many": changed('kind = "local"', 'kind = "local"\nopens = ["national"]'),
    "feeds of no sort": changed('feeds = "all"', 'feeds = "most"'),
    "no feeds": changed('feeds = ["gp"]', "feeds = []"),
    "a moment for a day": changed("2018-05-25", "2018-05-25T00:00:00Z"),
    "a status that is no opt-out": changed('status = "pending"', 'status = "withdrawn"'),
    "two versions of one day": TEXT + "[[version]]" + VERSION.replace('name = "1"', 'name = "2"'),
    "a version named twice": TEXT + "[[version]]" + VERSION.replace("2018-05-25", "2027-01-01"),
    "an unknown table": TEXT + "[more]\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_table_that_is_not_complete_and_well_formed_is_not_used(name: str) -> None:
    with pytest.raises(Refusal, match="bad-deny-table"):
        read_policies(BROKEN[name])


@pytest.mark.parametrize(("old", "new"), [('feeds = ["gp"]', 'feeds = ["gpp"]'), ('= "gp" #', '= "gpp" #')])
def test_a_feed_that_the_region_does_not_have_closes_nothing_and_is_refused(old: str, new: str) -> None:
    with pytest.raises(Refusal, match="bad-deny-table"):
        check_feeds(read_policies(changed(old, new)))


def test_every_purpose_is_a_use_and_every_version_that_ships_is_valid() -> None:
    assert {Use.of(purpose) for purpose in Purpose} == set(Use) - {Use.DIRECT_CARE}
    assert policies()


def test_the_codes_of_type_1_are_concepts_of_snomed_ct() -> None:
    codes = journal_codes()
    for code in (*codes.dissent, *codes.withdrawn):
        assert _verhoeff(code) == 0
        assert code[-3:-1] == "10"  # a concept of an extension


def _verhoeff(number: str) -> int:
    """The check of a SNOMED CT identifier: 0 if it holds (SNOMED CT TIG, check digit)."""
    turns = ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4))
    steps = [*turns]
    while len(steps) < 8:
        steps.append(tuple(turns[1][digit] for digit in steps[-1]))
    check = 0
    for place, digit in enumerate(reversed(number)):
        check = _dihedral(check, steps[place % 8][int(digit)])
    return check


def _dihedral(left: int, right: int) -> int:
    """Multiplication in the dihedral group of the pentagon."""
    if left < 5:
        return (left + right) % 5 if right < 5 else (left + right) % 5 + 5
    return (left - right) % 5 + 5 if right < 5 else (left - right) % 5
