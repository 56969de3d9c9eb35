"""Files of opt-outs as they should not be: whoever wrote them, nobody's wish is lost without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from governance.audit.verification import verify_chain
from governance.refusal import Refusal
from governance.registry.opt_outs import current_opt_out_version
from governance.settings import Settings
from governance.store import Store
from governance.store.audit_log import AuditEvent
from intake.optouts import Use
from intake.optouts.loading import load_opt_outs
from intake.optouts.resolving import resolve_lines
from intake.places import IntakePlaces
from tests.support.opt_out_region import ACTOR, denied, make_spine, nhs_number, write_opt_outs

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

HEADER = "nhs_number,kind,controller,status,from,to"
ONE, TWO = nhs_number(1), nhs_number(2)
GOOD = f"{ONE},local,,active,2025-01-01,"


def load(settings: Settings, store: Store, file: Path, content: bytes, **options: bool) -> object:
    file.write_bytes(content)
    return load_opt_outs(settings, store, file, actor=ACTOR, **options)


LINES = {
    "a number with spaces": f"{str(TWO)[:3]} {str(TWO)[3:]},local,,active,,",
    "a wrong check digit": f"{TWO - 1},local,,active,,",
    "nine digits": f"{str(TWO)[1:]},local,,active,,",
    "all zeros": "0000000000,local,,active,,",
    "foreign digits": "٩٩٩٩٩٩٩٩٩٩,local,,active,,",
    "a number as a spreadsheet writes it": "9.99E+09,local,,active,,",
    "a formula": '"=HYPERLINK(""http://x"")",local,,active,,',
    "no number": ",local,,active,,",
    "an unknown kind": f"{TWO},type_2,,active,,",
    "a kind in capitals": f"{TWO},LOCAL,,active,,",
    "a national opt-out": f"{TWO},national,,active,,",
    "a status of another kind": f"{TWO},local,,upheld,,",
    "an objection without a status": f"{TWO},gdpr_objection,gp,,,",
    "an objection that is active": f"{TWO},gdpr_objection,gp,active,,",
    "a controller of no objection": f"{TWO},local,gp,active,,",
    "an endless controller": f"{TWO},gdpr_objection,{'x' * 5000},pending,,",
    "a day of another calendar": f"{TWO},local,,active,01/05/2024,",
    "a week": f"{TWO},local,,active,2024-W01-1,",
    "a day that is none": f"{TWO},local,,active,2025-02-29,",
    "an absurd year": f"{TWO},local,,active,1066-10-14,",
    "a year mistyped": f"{TWO},local,,active,2925-01-01,",
    "ends before it begins": f"{TWO},local,,active,2025-02-02,2025-02-01",
    "taken back without a day": f"{TWO},local,,withdrawn,,",
    "a line too short": f"{TWO},local",
    "a line too long": f"{TWO},local,,active,,,,",
}


@pytest.mark.parametrize("name", LINES)
def test_one_line_that_cannot_be_read_stops_the_load(
    settings: Settings, store: Store, tmp_path: Path, name: str
) -> None:
    content = f"{HEADER}\n{GOOD}\n{LINES[name]}\n"
    with pytest.raises(Refusal) as refused:
        load(settings, store, tmp_path / "o.csv", content.encode())
    assert refused.value.code == "bad-opt-outs"
    assert "1 of 2 lines" in refused.value.message
    assert "line 3" in refused.value.message
    assert str(TWO)[:5] not in str(refused.value)
    assert not IntakePlaces.of(settings).opt_outs.exists()


def test_a_steward_may_load_the_rest_and_what_is_left_stays_on_record(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    make_spine(settings, {1: [ONE]})
    content = f"{HEADER}\n{GOOD}\n{LINES['nine digits']}\n"
    report = load(settings, store, tmp_path / "o.csv", content.encode(), keep_valid=True)
    assert (report.rows, report.unresolved) == (1, 1)
    assert denied(settings, Use.LOCAL_RESEARCH, [1])[1, "gp"] == "local"
    with store.reading() as session:
        newest = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc())).first()
        assert newest is not None
        assert '"unresolved_now":1' in newest.detail

    with store.reading() as session:
        assert current_opt_out_version(session).counts["unresolved"] == 1
    for reason, code in (("", "reason-missing"), (f"it was {ONE}", "reason-has-digits")):
        with pytest.raises(Refusal, match=code):
            resolve_lines(settings, store, reason=reason, actor=ACTOR)
    assert resolve_lines(settings, store, reason="the practice sent it again", actor=ACTOR) == 1
    with store.reading() as session:
        assert "unresolved" not in current_opt_out_version(session).counts
    with pytest.raises(Refusal, match="nothing-unresolved"):
        resolve_lines(settings, store, reason="again", actor=ACTOR)


def test_nothing_but_faults_is_no_load(settings: Settings, store: Store, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="bad-opt-outs"):
        load(settings, store, tmp_path / "o.csv", f"{HEADER}\n{LINES['no number']}\n".encode(), keep_valid=True)


FILES = {
    "nothing": b"",
    "another encoding": f"{HEADER}\n{GOOD}\n".encode("utf-16"),
    "an old encoding": f"{HEADER}\n{TWO},gdpr_objection,h\xf4pital,pending,,\n".encode("latin-1"),
    "no header": f"{GOOD}\n".encode(),
    "a column twice": f"{HEADER},to\n{GOOD},\n".encode(),
    "columns in another order": b"kind,nhs_number,controller,status,from,to\n",
    "a column too few": b"nhs_number,kind,controller,status,from\n",
    "semicolons": HEADER.replace(",", ";").encode() + b"\n",
    "a quote that never ends": f'{HEADER}\n"{GOOD}\n'.encode(),
    "a field of megabytes": f"{HEADER}\n{'9' * 3_000_000},local,,active,,\n".encode(),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a workbook": b"PK\x03\x04" + b"\0" * 100,
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_not_a_file_of_opt_outs_is_refused_whole(
    settings: Settings, store: Store, tmp_path: Path, name: str
) -> None:
    with pytest.raises(Refusal, match="not-opt-outs"):
        load(settings, store, tmp_path / "o.csv", FILES[name])
    assert not list(IntakePlaces.of(settings).identifiable.glob("*.duckdb"))
    assert not list(IntakePlaces.of(settings).identifiable.glob(".building*"))


def test_a_wrong_file_of_a_million_lines_is_given_up_early(settings: Settings, store: Store, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not-opt-outs"):
        load(settings, store, tmp_path / "o.csv", HEADER.encode() + b"\n" + b"a,b,c,d,e,f\n" * 1_000_000)


@pytest.mark.parametrize(
    "content", [f"\ufeff{HEADER}\r\n{GOOD}\r\n\r\n", f"NHS_NUMBER,Kind,controller,status,from,to\n{GOOD}"]
)
def test_what_spreadsheets_make_of_line_ends_is_read(
    settings: Settings, store: Store, tmp_path: Path, content: str
) -> None:
    report = load(settings, store, tmp_path / "o.csv", content.encode())
    assert (report.rows, report.not_in_region) == (1, 1)


def test_a_file_with_a_hostile_name(settings: Settings, store: Store, tmp_path: Path) -> None:
    file = tmp_path / "o'; DROP TABLE choice; --\n.csv"
    assert load(settings, store, file, f"{HEADER}\n{GOOD}\n".encode()).rows == 1


@pytest.mark.parametrize("controller", ["x'); DROP TABLE choice; --", 'a"b', "%", "gp\x00"])
def test_a_controller_nobody_knows_closes_every_feed(
    settings: Settings, store: Store, tmp_path: Path, controller: str
) -> None:
    make_spine(settings, {1: [ONE]})
    quoted = '"' + controller.replace('"', '""') + '"'
    load(settings, store, tmp_path / "o.csv", f"{HEADER}\n{ONE},gdpr_objection,{quoted},upheld,2025-01-01,\n".encode())
    found = denied(settings, Use.DIRECT_CARE, [1])
    assert len([feed for _, feed in found if feed != "gp_summary"]) == 6


def test_no_number_of_anybody_is_in_register_or_audit_chain(settings: Settings, store: Store, tmp_path: Path) -> None:
    load_opt_outs(settings, store, write_opt_outs(tmp_path / "o.csv", [GOOD]), actor=ACTOR)
    store.close()
    register = settings.folder.register
    for file in register.parent.glob("register.db*"):
        assert str(ONE).encode() not in file.read_bytes()
    with store.reading() as session:
        assert verify_chain(session, settings.folder.audit_head, settings.folder.keys / "audit-signing.pem").holds
        events = [row.event for row in session.scalars(select(AuditEvent))]
    assert events[-1] == "optouts.loaded"


def test_only_a_data_steward_or_the_operator_changes_opt_outs(
    settings: Settings, demo_register: Store, tmp_path: Path
) -> None:
    file = write_opt_outs(tmp_path / "o.csv", [GOOD])
    with pytest.raises(Refusal, match="role-missing"):
        load_opt_outs(settings, demo_register, file, actor="researcher-a")
    assert not IntakePlaces.of(settings).opt_outs.exists()
