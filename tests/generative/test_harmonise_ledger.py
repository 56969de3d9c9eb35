"""Whatever is staged, every row is accounted for, and what lies in the files is what the ledger says."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from governance.settings import Settings
from tests.support.staged import Staging

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

NUMBERS = ("9000000009", "9000000017", "9000000025", None)
CODES = ("44054006", "271649006", "325278007", "77176002", "11466000", "1", "")
DAYS = (date(2020, 1, 1), date(2020, 1, 2), date(2021, 6, 30))
WHO = {"DATE_OF_BIRTH": date(1950, 1, 1), "SEX": "1", "PROCODE3": "R01"}

entries = st.fixed_dictionaries(
    {
        "NHS_NUMBER": st.sampled_from(NUMBERS),
        "PRACTICE": st.just("Y1"),
        "REPORTING_PERIOD_END_DATE": st.just(DAYS[2]),
        "DATE": st.sampled_from(DAYS),
        "CODE": st.sampled_from(CODES),
        "EPISODE_PRESCRIPTION": st.sampled_from(("R", None)),
        "VALUE1_CONDITION": st.sampled_from((None, 1.5)),
        "VALUE2_PRESCRIPTION": st.sampled_from((None, "28", "-3", "often")),
    }
)
appointments = st.fixed_dictionaries(
    {
        "NHS_NUMBER": st.sampled_from(NUMBERS),
        "APPTDATE": st.sampled_from(DAYS),
        "ATTENDED": st.sampled_from(("2", "3", "5", "6", None)),
        "DIAG_4_01": st.sampled_from(("E119", "XXXX", "", None)),
    }
)


@examples(max_examples=6)
@given(
    journal=st.lists(entries, min_size=1, max_size=12),
    clinics=st.lists(appointments, min_size=1, max_size=8),
    known=st.sets(st.sampled_from(NUMBERS[:3])),
)
def test_rows_add_up(journal: list[dict[str, object]], clinics: list[dict[str, object]], known: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(state=Path(folder))
        settings.folder.create()
        staging = Staging(settings)
        staging.stage("gp", journal=journal)
        staging.stage("hospital", op=[{**WHO, **row, "ATTENDKEY": key} for key, row in enumerate(clinics)])
        for person, number in enumerate(sorted(known), 1):
            staging.link("gp", "journal", person, NHS_NUMBER=number)
            staging.link("hospital", "op", person, NHS_NUMBER=number, **WHO)
        report = staging.run()
        lines = {line.table: line for line in report.ledger}
        assert all(line.adds_up for line in report.ledger)
        assert lines["journal"].staged == len(journal)
        assert lines["journal"].unlinked == sum(row["NHS_NUMBER"] not in known for row in journal)
        assert lines["op"].unlinked == sum(row["NHS_NUMBER"] not in known for row in clinics)
        for target in {line.target for line in report.produced}:
            made = sum(line.rows for line in report.produced if line.target == target)
            assert made == len(staging.rows(target, "person_id"))
