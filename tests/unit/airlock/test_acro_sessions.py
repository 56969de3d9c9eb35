"""ACRO sessions on their way in: read as they are, believed in nothing."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from egress.acro import read_session
from egress.acro.record import LONGEST_RECORD, MOST_OUTPUTS, read_record
from egress.acro_words import SESSION_RECORD, words_of
from egress.ballots import FileKind
from egress.ending_review import conclude_and_release
from egress.releasing.outputs import CLASSES, AuthorsWord, Statbarn
from egress.session_drafting import describe_session, draft_session
from egress.states import State
from egress.submission import submit
from governance.refusal import Refusal
from tests.support.acro_sessions import output_of, results, write_session
from tests.support.airlock_world import AUTHOR, CHECKER, PROJECT, SECOND, AirlockWorld, supporting

LIMIT = 2**20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_session(tmp_path / "outputs")


def refused(folder: Path, limit: int = LIMIT) -> str:
    with pytest.raises(Refusal) as refusal:
        read_session(folder, limit=limit)
    return refusal.value.code


def test_a_session_is_read_as_it_is(folder: Path) -> None:
    session = read_session(folder, limit=LIMIT)
    assert (session.version, [file.name for file in session.files]) == (
        "0.4.12",
        ["table.csv", "fit.csv", "DO_NOT_RELEASE_session_summary.csv"],
    )
    assert [file.kind for file in session.files] == [FileKind.OUTPUT, FileKind.OUTPUT, FileKind.SUPPORTING]
    assert [file.word.statbarn for file in session.files] == ["Frequencies", "CorrelationCoefficients", ""]
    assert session.record == (folder / "results.json").read_bytes()


def test_its_words_become_the_authors(folder: Path) -> None:
    words = describe_session(read_session(folder, limit=LIMIT))
    assert words.title == "ACRO session: 2 outputs"
    assert "table.csv (table, crosstab, Frequencies). Counts by year and sex." in words.context
    assert "fit.csv: fail; dof=8.0 < 10" in words.controls
    assert words.exception == "fit.csv: The funder needs the coefficient."
    assert "DO_NOT_RELEASE" not in words.context


def test_a_reason_that_acro_wrote_itself_asks_for_nothing(tmp_path: Path) -> None:
    record = results()
    record["results"] = {"one": output_of("table.csv", status="review", exception="Suppression applied", summary="")}
    words = describe_session(read_session(write_session(tmp_path / "s", record), limit=LIMIT))
    assert (words.title, words.exception) == ("ACRO session: 1 output", "")
    assert "table.csv: review" in words.controls


def test_long_words_are_cut_and_the_record_has_the_rest(tmp_path: Path) -> None:
    record = results()
    record["results"]["table"]["comments"] = ["x" * 900] * 5
    record["results"]["fit"]["comments"] = ["y" * 900] * 5
    words = describe_session(read_session(write_session(tmp_path / "s", record), limit=LIMIT))
    assert len(words.context) <= 5_000
    assert words.context.endswith("(The rest is in the session's record.)")


def put_link(folder: Path) -> None:
    (folder / "table.csv").rename(folder.parent / "elsewhere")
    (folder / "table.csv").symlink_to(folder.parent / "elsewhere")


def put_pipe(folder: Path) -> None:
    (folder / "table.csv").unlink()
    os.mkfifo(folder / "table.csv")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a changed output": (lambda folder: (folder / "fit.csv").write_bytes(b"other"), "acro-checksum-wrong"),
    "a changed record": (
        lambda folder: (folder / "results.json").write_bytes((folder / "results.json").read_bytes() + b"\n"),
        "acro-checksum-wrong",
    ),
    "no checksum": (lambda folder: (folder / "checksums" / "fit.csv.txt").unlink(), "acro-file-missing"),
    "a long checksum": (
        lambda folder: (folder / "checksums" / "fit.csv.txt").write_text("0" * 99),
        "file-too-large",
    ),
    "no output": (lambda folder: (folder / "fit.csv").unlink(), "acro-file-missing"),
    "no record": (lambda folder: (folder / "results.json").unlink(), "acro-file-missing"),
    "a link": (put_link, "acro-file-missing"),
    "a pipe": (put_pipe, "acro-file-missing"),
    "a linked folder": (
        lambda folder: (shutil.rmtree(folder / "checksums"), (folder / "checksums").symlink_to("/etc")),
        "acro-file-missing",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_folder_that_is_not_as_acro_left_it_is_refused(folder: Path, what: str) -> None:
    change, code = CHANGES[what]
    change(folder)
    assert refused(folder) == code


def test_a_session_without_a_checksum_of_its_record_is_of_an_older_acro(folder: Path) -> None:
    (folder / "checksums" / "results.json.txt").unlink()
    assert read_session(folder, limit=LIMIT).version == "0.4.12"


def test_files_are_bounded(folder: Path) -> None:
    assert refused(folder, limit=10) == "file-too-large"
    with pytest.raises(Refusal, match="acro-too-large"):
        read_record(b" " * (LONGEST_RECORD + 1))


def changed(*path: str, to: Any) -> dict[str, Any]:
    record: Any = results()
    place = record
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return record  # type: ignore[no-any-return]


FORGED: dict[str, tuple[Any, str]] = {
    "no json": (b"{", "acro-unreadable"),
    "no text": (b"\xff\xfe", "acro-unreadable"),
    "too deep": (b'{"version": ' + b"[" * 100_000, "acro-unreadable"),
    "a list": ([], "acro-unreadable"),
    "a version that is none": (changed("version", to="0.4; rm"), "acro-unreadable"),
    "a version that is a number": (changed("version", to=4), "acro-unreadable"),
    "no outputs": (changed("results", to={}), "acro-unreadable"),
    "outputs in a list": (changed("results", to=[1]), "acro-unreadable"),
    "too many": (changed("results", to={str(key): {} for key in range(MOST_OUTPUTS + 1)}), "acro-unreadable"),
    "an unknown status": (changed("results", "table", "status", to="approved"), "acro-unreadable"),
    "a status that is a list": (changed("results", "table", "status", to=[]), "acro-unreadable"),
    "no files": (changed("results", "table", "files", to=[]), "acro-unreadable"),
    "a name that is none": (changed("results", "table", "files", to=[{"name": 1}]), "acro-unreadable"),
    "a summary that is none": (changed("results", "table", "summary", to={"a": 1}), "acro-unreadable"),
    "properties that are none": (changed("results", "table", "properties", to="x"), "acro-unreadable"),
    "comments that are none": (changed("results", "table", "comments", to=5), "acro-unreadable"),
    "a file outside": (changed("results", "table", "files", to=[{"name": "../../register.db"}]), "bad-file-name"),
    "an absolute file": (changed("results", "table", "files", to=[{"name": "/etc/passwd"}]), "bad-file-name"),
    "a hidden name": (changed("results", "table", "files", to=[{"name": "a\u202ecsv.exe"}]), "bad-file-name"),
    "the record itself": (changed("results", "table", "files", to=[{"name": "results.json"}]), "bad-file-name"),
    "one file twice": (changed("results", "table", "files", to=[{"name": "FIT.csv"}]), "acro-file-twice"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_record_is_refused_by_code(what: str) -> None:
    record, code = FORGED[what]
    document = record if isinstance(record, bytes) else json.dumps(record).encode()
    with pytest.raises(Refusal) as refusal:
        read_record(document)
    assert refusal.value.code == code


def test_texts_are_one_bounded_line() -> None:
    record = changed("results", "table", "command", to="a\nb\x1b[31m" + "c" * 5_000)
    record["results"]["table"]["exception"] = None
    word = read_record(json.dumps(record).encode()).words["table.csv"]
    assert (word.command[:3], "\x1b" in word.command, len(word.command) <= 1_000) == ("a b", False, True)


def test_there_are_fourteen_classes_and_all_methods_have_one_of_them() -> None:
    assert len(Statbarn) == 14
    assert set(CLASSES.values()) <= set(Statbarn)
    assert AuthorsWord("u", "survival table", "unheard of", "pass").statbarn == "HazardSurvivalTables"


@pytest.mark.slow
def test_a_session_goes_out_and_its_words_with_it(world: AirlockWorld, folder: Path) -> None:
    session = read_session(folder, limit=LIMIT)
    request = draft_session(world.airlock, actor=AUTHOR, project=PROJECT, session=session)
    assert world.state(request) is State.DRAFT
    assert [(file.name, file.kind) for file in world.files(request)] == [
        ("table.csv", "output"),
        ("fit.csv", "output"),
        ("DO_NOT_RELEASE_session_summary.csv", "supporting"),
        (SESSION_RECORD, "supporting"),
    ]
    assert submit(world.airlock, actor=AUTHOR, request_id=request) is State.IN_REVIEW
    for checker in (CHECKER, SECOND):
        world.vote_all(checker, request)
    assert conclude_and_release(world.airlock, actor=CHECKER, request_id=request) is State.RELEASED
    folder = world.airlock.settings.folder.releases / PROJECT / request
    out = json.loads((folder / "results.json").read_bytes())["results"]
    assert out.keys() == {"table.csv", "fit.csv"}
    assert out["fit.csv"]["type"] == "regression"
    assert out["fit.csv"]["properties"]["statbarn"] == "CorrelationCoefficients"
    assert out["fit.csv"]["status"] == "pass"  # our checks' word, not the session's
    assert not (folder / SESSION_RECORD).exists()
    again = read_session(folder, limit=LIMIT)  # what went out can come in elsewhere
    assert [(file.name, file.word.method) for file in again.files] == [("fit.csv", "ols"), ("table.csv", "crosstab")]


@pytest.mark.slow
def test_a_record_that_was_replaced_says_nothing(world: AirlockWorld) -> None:
    request = world.draft(supporting(SESSION_RECORD, b"not a record"))
    assert words_of(world.airlock, request) == {}
    other = world.draft(supporting("notes.txt", b"x"))
    assert words_of(world.airlock, other) == {}


def test_a_session_of_nothing_but_kept_back_files_is_refused(world: AirlockWorld, folder: Path) -> None:
    record = copy.deepcopy(results())
    record["results"] = {"output_2": record["results"]["output_2"]}
    (folder / "results.json").write_text(json.dumps(record))
    (folder / "checksums" / "results.json.txt").unlink()
    with pytest.raises(Refusal, match="no-output-file"):
        draft_session(world.airlock, actor=AUTHOR, project=PROJECT, session=read_session(folder, limit=LIMIT))
