"""Refusals, the clock and the disclosure profiles: the small words everything else stands on."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime

import pytest
import structlog
from sqlalchemy.exc import StatementError

from governance.clock import now, today
from governance.disclosure import POLICY_VERSION, PROFILES
from governance.logs import log_to_stderr
from governance.refusal import Refusal
from governance.store import Store
from governance.store.people import Organisation, Person


def test_a_refusal_reads_as_code_reason_and_remedy() -> None:
    refusal = Refusal("no-such-thing", "There is none.", "Ask for another.", "line 1")
    assert str(refusal) == "[no-such-thing] There is none. Ask for another."
    assert str(Refusal("no-such-thing", "There is none.")) == "[no-such-thing] There is none."
    assert refusal.as_dict() == {
        "code": "no-such-thing",
        "message": "There is none.",
        "remedy": "Ask for another.",
        "where": "line 1",
    }


def test_logs_are_json_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    try:
        log_to_stderr()
        structlog.get_logger().warning("caller.refused", cause="ValueError")
    finally:
        structlog.configure(**before)
    said = capsys.readouterr()
    assert said.out == ""
    line = json.loads(said.err)
    assert (line["event"], line["level"], line["cause"]) == ("caller.refused", "warning", "ValueError")
    assert line["timestamp"].endswith("Z")


def test_a_naive_moment_is_never_stored(store: Store) -> None:
    with store.reading() as session:
        session.add(Organisation(name="O"))
        session.add(Person(subject="p", name="P", organisation_name="O", registered_at=datetime(2030, 1, 1)))
        with pytest.raises(StatementError, match="naive"):
            session.flush()


def test_the_clock_is_utc() -> None:
    assert now().tzinfo is UTC
    assert today() == now().date()


@pytest.mark.parametrize(
    ("profile", "threshold", "round_to"), [("nhs-sde", 10, 5), ("opensafely", 8, 5), ("hes", 8, 5), ("sacro", 10, 1)]
)
def test_profiles_are_pinned(profile: str, threshold: int, round_to: int) -> None:
    found = PROFILES[profile]
    assert (found.threshold, found.round_to) == (threshold, round_to)
    assert (found.dominance_n, found.dominance_k, found.p_ratio, found.residual_dof) == (2, 0.9, 0.1, 10)
    assert found.version == f"{profile}/{POLICY_VERSION}"
    assert found.source
    with pytest.raises(FrozenInstanceError):
        found.threshold = 1  # type: ignore[misc]


def test_there_are_no_other_profiles() -> None:
    assert set(PROFILES) == {"nhs-sde", "opensafely", "hes", "sacro"}
