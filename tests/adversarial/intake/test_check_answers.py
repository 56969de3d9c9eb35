"""Attacks on the exchange with the national check service: only this request's whole answer opens anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from intake.optouts import Use
from intake.optouts.answering import import_check
from intake.optouts.asking import export_check
from intake.places import IntakePlaces
from tests.support.moving_clock import MovingClock
from tests.support.opt_out_region import ACTOR, FEEDS, ask_and_answer, denied, make_spine, nhs_number

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

PEOPLE = 40
NUMBERS = [nhs_number(place) for place in range(PEOPLE)]
OUT = set(NUMBERS[:5])


@pytest.fixture
def asked(settings: Settings, store: Store, tmp_path: Path) -> Path:
    """A region of forty people and a request to the service, as written."""
    make_spine(settings, {place: [number] for place, number in enumerate(NUMBERS)})
    return export_check(settings, store, tmp_path / "check.dat", actor=ACTOR).file


def answer_to(request: Path) -> str:
    return "".join(line for line in request.read_text().splitlines(keepends=True) if int(line[:10]) not in OUT)


def bring(settings: Settings, store: Store, folder: Path, content: bytes, **options: bool) -> None:
    file = folder / "answer.dat"
    file.write_bytes(content)
    import_check(settings, store, file, actor=ACTOR, **options)


def test_the_request_has_the_services_form(asked: Path) -> None:
    lines = asked.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert sorted(lines) == sorted(b"%010d," % number for number in NUMBERS)
    assert lines != sorted(lines)
    assert asked.stat().st_mode & 0o777 == 0o600


def test_an_answer_opens_for_those_in_it_and_nobody_else(
    settings: Settings, store: Store, asked: Path, tmp_path: Path
) -> None:
    bring(settings, store, tmp_path, answer_to(asked).encode())
    found = denied(settings, Use.LOCAL_RESEARCH, range(PEOPLE))
    assert found == {(person, feed): "national" for person in range(5) for feed in FEEDS}
    assert not denied(settings, Use.DIRECT_CARE, range(PEOPLE))


MANGLED: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "windows line ends": ("bad-answer", lambda text: text.replace("\n", "\r\n").encode()[: len(text)]),
    "a byte order mark": ("bad-answer", lambda text: text.encode("utf-8-sig")),
    "another encoding": ("bad-answer", lambda text: text.encode("utf-16")[: len(text)]),
    "spaces in a number": ("bad-answer", lambda text: (text[:3] + " " + text[3:]).encode()),
    "a space at the end": ("bad-answer", lambda text: text.replace(",\n", ", \n", 1).encode()),
    "no comma": ("bad-answer", lambda text: text.replace(",\n", "\n", 1).encode()),
    "no last line end": ("bad-answer", lambda text: text[:-1].encode()),
    "an empty line": ("bad-answer", lambda text: (text + "\n").encode()),
    "a zero byte": ("bad-answer", lambda text: (text + "\0").encode()),
    "a number twice": ("bad-answer", lambda text: (text + text[:12]).encode()),
    "a number cut short": ("bad-answer", lambda text: text[1:].encode()),
    "a header": ("bad-answer", lambda text: ("nhs_number,\n" + text).encode()),
    "foreign digits": ("bad-answer", lambda text: ("٩" * 5 + ",\n" + text[12:]).encode()),
    "a number not asked": ("answer-not-asked", lambda text: f"{nhs_number(9999)},\n{text[12:]}".encode()),
    "an invalid number": ("answer-not-asked", lambda text: f"1234567890,\n{text[12:]}".encode()),
    "too many lines": ("bad-answer", lambda text: (text + text).encode()),
    "nothing": ("empty-answer", lambda text: b""),
    "the service's complaint": (
        "check-service-refused",
        lambda text: b"The file contains one or more invalid NHS Numbers.",
    ),
}


@pytest.mark.parametrize("name", MANGLED)
def test_an_answer_that_is_not_one_changes_nothing(
    settings: Settings, store: Store, asked: Path, tmp_path: Path, name: str
) -> None:
    code, mangle = MANGLED[name]
    file = IntakePlaces.of(settings).opt_outs
    before = file.read_bytes()
    with pytest.raises(Refusal) as refused:
        bring(settings, store, tmp_path, mangle(answer_to(asked)))
    assert refused.value.code == code
    assert not any(str(number)[:6] in str(refused.value) for number in NUMBERS)
    assert file.read_bytes() == before
    assert len(denied(settings, Use.NATIONAL, range(PEOPLE))) == PEOPLE * len(FEEDS)
    bring(settings, store, tmp_path, answer_to(asked).encode())  # the right one still counts


def test_an_empty_answer_that_is_meant_denies_everybody(
    settings: Settings, store: Store, asked: Path, tmp_path: Path
) -> None:
    bring(settings, store, tmp_path, b"", everybody_opted_out=True)
    assert set(denied(settings, Use.NATIONAL, range(PEOPLE)).values()) == {"national"}


def test_an_answer_counts_once(settings: Settings, store: Store, asked: Path, tmp_path: Path) -> None:
    answer = answer_to(asked).encode()
    bring(settings, store, tmp_path, answer)
    with pytest.raises(Refusal, match="no-open-request"):
        bring(settings, store, tmp_path, answer)


def test_yesterdays_answer_is_not_taken_for_todays(
    settings: Settings, store: Store, asked: Path, tmp_path: Path
) -> None:
    """The same people were asked, so only the order tells: somebody may have opted out in between."""
    old = "".join(asked.read_text().splitlines(keepends=True)).encode()
    newer = export_check(settings, store, tmp_path / "newer.dat", actor=ACTOR)
    with pytest.raises(Refusal, match="answer-of-another-request"):
        bring(settings, store, tmp_path, old)
    service_sorts = "".join(sorted(newer.file.read_text().splitlines(keepends=True))).encode()
    bring(settings, store, tmp_path, service_sorts)
    assert not denied(settings, Use.NATIONAL, range(PEOPLE))


def test_two_answers_in_one_file_are_none(settings: Settings, store: Store, asked: Path, tmp_path: Path) -> None:
    lines = answer_to(asked).splitlines(keepends=True)
    with pytest.raises(Refusal, match="bad-answer"):
        bring(settings, store, tmp_path, "".join(lines[:20] + lines[10:]).encode())


def test_a_huge_answer_is_not_read(settings: Settings, store: Store, asked: Path, tmp_path: Path) -> None:
    file = tmp_path / "huge.dat"
    with file.open("wb") as stream:
        stream.truncate(1 << 40)  # a terabyte of holes
    with pytest.raises(Refusal, match="bad-answer"):
        import_check(settings, store, file, actor=ACTOR)


def test_without_a_request_no_answer_is_believed(settings: Settings, store: Store, tmp_path: Path) -> None:
    make_spine(settings, {1: [NUMBERS[0]]})
    with pytest.raises(Refusal, match="no-open-request"):
        bring(settings, store, tmp_path, f"{NUMBERS[0]},\n".encode())


def test_who_was_not_asked_is_denied_and_so_is_who_has_no_number(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    make_spine(settings, {1: [NUMBERS[1]]})
    ask_and_answer(settings, store, tmp_path)
    make_spine(settings, {1: [NUMBERS[1]], 2: [NUMBERS[2]], 3: [], 4: [NUMBERS[1], NUMBERS[2]]})
    found = denied(settings, Use.NATIONAL, [1, 2, 3, 4, 5])
    assert found == {(person, feed): "national_unanswered" for person in (2, 3, 4, 5) for feed in FEEDS}


def test_an_answer_grows_stale_and_is_then_worth_nothing(
    settings: Settings, store: Store, asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(settings, store, tmp_path, answer_to(asked).encode())
    clock = MovingClock()
    clock.install(monkeypatch)
    for days, allowed in ((settings.opt_out_answer_days - 0.001, True), (settings.opt_out_answer_days, False)):
        clock.ahead = timedelta(days=days)
        found = denied(settings, Use.NATIONAL, range(PEOPLE))
        assert (len(found) == PEOPLE * len(FEEDS)) is not allowed
        assert allowed or set(found.values()) == {"national_unanswered"}
        assert not denied(settings, Use.DIRECT_CARE, range(PEOPLE))


def test_an_answer_is_of_the_moment_of_its_request_unless_it_is_said(
    settings: Settings, store: Store, asked: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.dat").write_text(answer_to(asked))
    between = datetime.now(UTC)
    first = import_check(settings, store, tmp_path / "a.dat", actor=ACTOR)
    assert first.answered_at < between
    assert first.believed_until - first.answered_at == timedelta(days=settings.opt_out_answer_days)
    again = export_check(settings, store, tmp_path / "again.dat", actor=ACTOR)
    moment = datetime.now(UTC)
    second = import_check(settings, store, again.file, actor=ACTOR, answered_at=moment)
    assert second.answered_at == moment


def test_an_answer_to_an_old_request_would_not_be_believed(
    settings: Settings, store: Store, asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = MovingClock()
    clock.ahead = timedelta(days=settings.opt_out_answer_days)
    clock.install(monkeypatch)
    with pytest.raises(Refusal, match="request-expired"):
        bring(settings, store, tmp_path, answer_to(asked).encode())


@pytest.mark.parametrize("hours", [-1, 1])
def test_nobody_makes_an_answer_younger_than_it_can_be(
    settings: Settings, store: Store, asked: Path, tmp_path: Path, hours: int
) -> None:
    (tmp_path / "a.dat").write_text(answer_to(asked))
    moment = datetime.now(UTC) + timedelta(hours=hours)
    with pytest.raises(Refusal, match="bad-moment"):
        import_check(settings, store, tmp_path / "a.dat", actor=ACTOR, answered_at=moment)


def test_a_clock_set_back_is_noticed(
    settings: Settings, store: Store, asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(settings, store, tmp_path, answer_to(asked).encode())
    clock = MovingClock()
    clock.ahead = timedelta(days=-1)
    clock.install(monkeypatch)
    for use in Use:
        with pytest.raises(Refusal, match="clock-behind"):
            denied(settings, use, range(PEOPLE))
    with pytest.raises(Refusal, match="clock-behind"):
        export_check(settings, store, tmp_path / "again.dat", actor=ACTOR)
    assert not (tmp_path / "again.dat").exists()


def test_only_the_newest_answer_is_kept(settings: Settings, store: Store, asked: Path, tmp_path: Path) -> None:
    """The service's licence lets an answer be kept for a while, not a history of them."""
    import duckdb

    bring(settings, store, tmp_path, answer_to(asked).encode())
    ask_and_answer(settings, store, tmp_path, opted_out=OUT)
    with duckdb.connect(str(IntakePlaces.of(settings).opt_outs), read_only=True) as held:
        assert held.execute("SELECT DISTINCT request FROM allowed").fetchall() == [(2,)]
        assert held.execute("SELECT DISTINCT request FROM asked").fetchall() == [(2,)]
        assert held.execute("SELECT request, asked, allowed FROM answer ORDER BY 1").fetchall() == [
            (1, 40, 35),
            (2, 40, 35),
        ]


def test_a_file_in_the_way_is_not_written_over(settings: Settings, store: Store, asked: Path, tmp_path: Path) -> None:
    before = asked.read_bytes()
    for name, code in (("check.dat", "file-exists"), ("check.csv", "bad-file-name"), ("no/such.dat", "no-such-folder")):
        with pytest.raises(Refusal, match=code):
            export_check(settings, store, tmp_path / name, actor=ACTOR)
    assert asked.read_bytes() == before
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]
