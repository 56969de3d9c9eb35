"""Before anything was loaded nobody may be used for anything but their own care."""

from __future__ import annotations

import duckdb
import pytest

from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from intake.optouts import Use, write_denied
from intake.optouts.version import AnswerState, read_label
from tests.support.opt_out_region import FEEDS, make_spine, nhs_number

EVERYBODY = "spine_people"


def test_without_an_answer_everybody_is_denied_to_every_use_but_care(settings: Settings, store: Store) -> None:
    make_spine(settings, {1: [nhs_number(1)], 2: []})
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE {EVERYBODY} AS SELECT unnest([1, 2, 3])::BIGINT AS person_id")
    for use in Use:
        report = write_denied(connection, settings, use, person_ids_relation=EVERYBODY)
        rows = connection.execute("SELECT person_id, source_feed, kind FROM denied ORDER BY ALL").fetchall()
        if use is Use.DIRECT_CARE:
            assert (rows, report.people, report.touched, report.lost) == ([], 3, 0, 0)
            report.check_answered()
            continue
        assert rows == [(person, feed, "national_unanswered") for person in (1, 2, 3) for feed in FEEDS]
        assert (report.people, report.touched, report.lost) == (3, 3, 3)
        with pytest.raises(Refusal, match="opt-out-answer-absent"):
            report.check_answered()
        assert report.label.answer is AnswerState.ABSENT
        assert read_label(str(report.label)) == report.label
    assert [row[0] for row in connection.execute("SHOW DATABASES").fetchall()] == ["memory"]


def test_without_a_spine_nothing_is_said(settings: Settings, store: Store) -> None:
    with pytest.raises(Refusal, match="no-spine"):
        write_denied(duckdb.connect(), settings, Use.NATIONAL, person_ids_relation="(SELECT 1 AS person_id)")
