"""What the register accepts and what it refuses, field by field."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from governance.refusal import Refusal
from governance.registry import validation
from governance.roles import Purpose


def code_of(function: object, *arguments: object) -> str:
    with pytest.raises(Refusal) as refused:
        function(*arguments)  # type: ignore[operator]
    return refused.value.code


@pytest.mark.parametrize("slug", ["a", "gi-bleed", "a1-b2-3c", "x" * 30])
def test_good_slugs(slug: str) -> None:
    assert validation.check_slug(slug) == slug


@pytest.mark.parametrize(
    "slug", ["", "x" * 31, "A", "1a", "-a", "a-", "a--b", "a_b", "a b", "a/b", "a.b", "ä", "a\n", " a", "../x", "a-é"]
)
def test_bad_slugs(slug: str) -> None:
    assert code_of(validation.check_slug, slug) == "bad-slug"


@pytest.mark.parametrize("subject", ["a", "x" * 200, "auth0|5f7c", "amara.osei@example.org", "Zoë O'Hara", "oidc:1"])
def test_good_subjects(subject: str) -> None:
    assert validation.check_subject(subject) == subject


@pytest.mark.parametrize(
    "subject",
    ["", "x" * 201, "a/b", " a", "a ", "a\nb", "a\x00", "a\u2028b", "a\u200bb", "operator:root", "Service:x", "\x7f"],
)
def test_bad_subjects(subject: str) -> None:
    assert code_of(validation.check_subject, subject) == "bad-subject"


def test_names_are_trimmed_and_printable() -> None:
    assert validation.check_name("  Amara Osei ", "name") == "Amara Osei"
    assert validation.check_optional_name("   ", "kind") == ""
    assert validation.check_optional_name(" x ", "kind") == "x"
    for bad in ("", "   ", "x" * 201, "a\tb", "a\x1b[31m"):
        assert code_of(validation.check_name, bad, "name") == "bad-name"


def test_texts_may_have_lines() -> None:
    assert validation.check_text(" one\ntwo ", "summary") == "one\ntwo"
    assert validation.check_text("", "summary") == ""
    assert code_of(validation.check_text, "x" * 5001, "summary") == "bad-name"
    assert code_of(validation.check_text, "a\x07b", "summary") == "bad-name"


def test_words_come_from_closed_lists() -> None:
    assert validation.check_word(Purpose, "national", "purpose") is Purpose.NATIONAL
    with pytest.raises(Refusal) as refused:
        validation.check_word(Purpose, "marketing", "purpose")
    assert refused.value.code == "unknown-purpose"
    assert "local_research" in refused.value.remedy
    assert validation.check_profile("hes") == "hes"
    assert code_of(validation.check_profile, "none") == "unknown-profile"


def test_periods_are_inclusive_days() -> None:
    day = date(2030, 1, 2)
    validation.check_period(day, day)
    assert code_of(validation.check_period, day, date(2030, 1, 1)) == "ends-before-start"
    assert code_of(validation.check_date, datetime(2030, 1, 2, tzinfo=UTC), "end date") == "bad-date"
    assert code_of(validation.check_date, "2030-01-02", "end date") == "bad-date"


def test_identifiers_and_digests() -> None:
    assert validation.check_identifier(" Person_ID ", "column") == "person_id"
    for bad in ("", "1a", "a b", "a;b", "a.b", '"a"', "x" * 201, "*"):
        assert code_of(validation.check_identifier, bad, "table") == "bad-identifier"
    assert validation.check_sha256("0a" * 32) == "0a" * 32
    for bad in ("", "0A" * 32, "0" * 63, "0" * 65, "g" * 64):
        assert code_of(validation.check_sha256, bad) == "bad-digest"
