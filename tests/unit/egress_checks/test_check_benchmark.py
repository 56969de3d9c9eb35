"""The larger labelled corpus (benchmarks/egress): no miss but those that are known and named, and few false alarms.

It is written as analysts' tools write, independently of the checks' words; tests/fixtures/egress is the smaller one
that grew with the checks.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.egress.accuracy import MOST_FALSE_FAILS, MOST_UNNEEDED_REVIEWS, judge
from benchmarks.egress.corpus import make_corpus, write_corpus
from benchmarks.egress.known import CHECKS_OF, KNOWN
from benchmarks.egress.labelled import FAIL, PASS, REVIEW

pytestmark = pytest.mark.slow


def test_the_corpus_is_the_same_each_time_and_labelled_whole() -> None:
    files = make_corpus()
    assert files == make_corpus()
    verdicts = Counter(one.verdict for one in files)
    assert verdicts.total() >= 250
    assert min(verdicts[PASS], verdicts[FAIL]) >= 100
    assert verdicts[REVIEW] >= 10
    assert all(one.where for one in files if one.verdict != PASS)
    assert set(KNOWN) <= {one.name for one in files if one.verdict == FAIL}
    assert all(CHECKS_OF.keys() & set(one.kinds) for one in files if one.verdict == FAIL)


def test_nothing_new_is_missed_and_false_alarms_are_few(tmp_path: Path) -> None:
    score = judge(write_corpus(tmp_path), tmp_path)
    assert [str(one) for one in score.new_misses] == []
    assert score.mended == []  # then its name comes off the list
    assert [str(one) for one in score.named("missed") if one.given == PASS] == []
    assert [str(one) for one in score.named("unseen")] == []
    assert score.false_fail_share <= MOST_FALSE_FAILS, score.named("false_fail")
    assert score.unneeded_review_share <= MOST_UNNEEDED_REVIEWS, score.named("unneeded_review")
