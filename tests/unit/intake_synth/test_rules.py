"""The rules of the synthetic region are data that fits together: every code is published, every column exists."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib.resources import files

import pytest

from intake.feeds import code_lists, region_feeds
from intake.synth.engine import RULES

ROOM = files("intake.synth")
CODED = {"code": None, "diagnosis": None, "operation": "OPCS4", "complaint": "SNOMED", "finding": "SNOMED"}


def _read(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(ROOM.joinpath(name).read_text(encoding="utf-8").splitlines()))


def _rules(name: str) -> Iterator[dict[str, str]]:
    yield from _read(f"rules/{name}.csv")


@pytest.mark.parametrize("rules", RULES)
def test_every_code_of_a_rule_is_published(rules: str) -> None:
    published = {(row["vocabulary"], row["code"]) for row in _read("codes.csv")}
    codes = {code for _, code in published}
    for rule in _rules(rules):
        for column, vocabulary in CODED.items():
            code = rule.get(column)
            if code:
                assert code in codes if vocabulary is None else (vocabulary, code) in published


@pytest.mark.parametrize("rules", RULES)
def test_every_rule_belongs_to_a_condition_and_can_happen(rules: str) -> None:
    conditions = {row["condition"] for row in _rules("diseases")}
    numbers = [rule["rule"] for rule in _rules(rules)]
    assert len(set(numbers)) == len(numbers)
    for rule in _rules(rules):
        assert {rule["condition"], *rule["unless"].split()} <= conditions
        assert 0 < float(rule["share"]) <= 1
        assert int(rule["min_age"]) <= int(rule["max_age"])
        assert int(rule["rule"]) < 60 or rules == "journal"


def test_codes_are_published_once_with_a_meaning_and_a_kind() -> None:
    rows = _read("codes.csv")
    assert len({(row["vocabulary"], row["code"]) for row in rows}) == len(rows)
    assert {row["vocabulary"] for row in rows} == {"SNOMED", "dm+d", "ICD10", "OPCS4"}
    assert all(row["meaning"] and row["kind"] for row in rows)
    assert all(row["unit"] for row in rows if row["kind"] == "measurement")


@pytest.mark.parametrize("row", [row for row in _read("codes.csv") if row["vocabulary"] in ("SNOMED", "dm+d")], ids=str)
def test_codes_of_snomed_ct_have_their_check_digit(row: dict[str, str]) -> None:
    assert _verhoeff(row["code"])


def test_canaries_are_one_code_for_each_feed_and_kind() -> None:
    canaries = _read("canaries.csv")
    assert len({row["code"] for row in canaries}) == len(canaries)
    assert {row["feed"] for row in canaries} == {feed.name for feed in region_feeds()}
    assert {row["code"] for row in canaries} == {row["code"] for row in _read("codes.csv") if row["kind"] == "canary"}
    used = {code for rules in RULES for rule in _rules(rules) for code in rule.values()}
    assert not used & {row["code"] for row in canaries}


def test_faults_name_tables_of_the_feeds() -> None:
    tables = {(feed.name, table) for feed in region_feeds() for table in feed.tables}
    assert {(row["feed"], row["table"]) for row in _rules("faults")} <= tables


def test_words_of_rules_are_in_the_code_lists() -> None:
    lists = code_lists()
    for name, column, codes in (
        ("apc", "method", "admission_method"),
        ("apc", "class", "patient_classification"),
        ("apc", "specialty", "specialty"),
        ("op", "specialty", "specialty"),
        ("ecds", "acuity", "emergency_acuity"),
        ("ambulance", "category", "ambulance_category"),
        ("community", "team", "community_team"),
        ("community", "source", "community_referral_source"),
        ("mental_health", "reason", "mental_health_referral_reason"),
        ("mental_health", "source", "mental_health_referral_source"),
        ("social_care", "reason", "primary_support_reason"),
        ("social_care", "service", "social_care_service"),
        ("social_care", "component", "social_care_component"),
        ("social_care", "accommodation", "accommodation_status"),
    ):
        assert {rule[column] for rule in _rules(name)} <= set(lists[codes]), (name, column)


_MULTIPLY = [[(i + j) % 5 if j < 5 else 5 + (i + j - 5) % 5 for j in range(10)] for i in range(5)] + [
    [5 + (i - j) % 5 if j < 5 else (i - (j - 5)) % 5 for j in range(10)] for i in range(5)
]
_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _verhoeff(code: str) -> bool:
    check = 0
    for place, digit in enumerate(reversed(code)):
        turned = int(digit)
        for _ in range(place % 8):
            turned = _TURN[turned]
        check = _MULTIPLY[check][turned]
    return check == 0
