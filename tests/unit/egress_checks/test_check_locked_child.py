"""The locked child from both sides: what is believed of its answers, and that it is locked."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from egress.checks import run_checks, run_checks_on_all
from egress.findings import Severity
from egress.inspection import child, child_process, limits, locked_child, plain_tables
from egress.inspection.child_process import ChildProcess
from egress.inspection.messages import LENGTH, Question, packed_answer, read_question
from governance.disclosure import PROFILES
from governance.refusal import Refusal

PROFILE = PROFILES["nhs-sde"]
GOOD = {"check": "x", "severity": "REVIEW", "where": "", "why": "", "fix": ""}


def question(content: bytes = b"sex,n\nF,7\nM,120\n", name: str = "t.csv") -> Question:
    from dataclasses import asdict

    return Question({"name": name, "profile": asdict(PROFILE)}, content)


def test_questions_survive_the_pipe() -> None:
    source = io.BytesIO(question(b"abc").packed() + question(b"").packed())
    first, second = read_question(source), read_question(source)
    assert first is not None and second is not None
    assert (first.content, first.about["name"], second.content) == (b"abc", "t.csv", b"")
    assert read_question(source) is None


def test_answers_hold_type_and_findings() -> None:
    answer = child.answer_check(question())
    assert answer["media_type"] == "text/csv"
    assert answer["findings"][0]["check"] == "small-counts"


def test_tables_are_told_as_texts_and_as_numbers() -> None:
    (told,) = child.answer_tables(question())["tables"]
    assert told == {"where": "", "header": ("sex", "n"), "rows": (("F", "7"), ("M", "120"))}
    (table,) = plain_tables._understand({"tables": [told | {"rows": [["F", 7]]} | {"header": ["sex", "n"]}]})
    assert (table.header, table.rows) == (("sex", "n"), (("F", "7"),))
    with pytest.raises(TypeError):
        plain_tables._understand({"tables": [told]})  # as it never comes through JSON
    (told,) = child.answer_tell(question())["tables"]
    assert [row[1][1] for row in told["rows"]] == [[(7.0, 0)], [(120.0, 0)]]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"{",
        b"[]",
        b'{"media_type": "text/csv"}',
        b'{"gave_up": "MemoryError"}',
        b"[" * 100_000,
        json.dumps({"media_type": "text/csv", "cells": 4, "findings": [GOOD | {"severity": "FINE"}]}).encode(),
        json.dumps({"media_type": "application/evil", "cells": 4, "findings": [GOOD]}).encode(),
    ],
)
def test_an_answer_is_believed_only_as_far_as_its_shape_holds(answer: bytes | None) -> None:
    told = locked_child._understand(answer)
    assert told.media_type == ""
    assert told.findings[-1].check == "could-not-be-read"
    assert told.findings[-1].severity is Severity.FAIL


def test_a_good_answer_is_cut_to_size() -> None:
    answer = {"media_type": "text/csv", "cells": 4, "findings": [GOOD | {"why": "x" * 9000}] * 900}
    told = locked_child._understand(json.dumps(answer).encode())
    assert (told.media_type, told.cells) == ("text/csv", 4)
    assert len(told.findings) == locked_child.MOST_FINDINGS
    assert len(told.findings[0].why) == locked_child.LONGEST_TEXT


class StandIn(ChildProcess):
    """A child that runs a program of the test's own, to show what a misbehaving one can do: nothing."""

    def __init__(self, program: str, seconds: float = 1.0) -> None:
        super().__init__("check", seconds)
        self.program = program
        self.starts = 0

    def _start(self) -> subprocess.Popen[bytes]:
        self.starts += 1
        command = [sys.executable, "-I", "-S", "-c", self.program]
        running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert running.stdin is not None and running.stdout is not None
        os.set_blocking(running.stdin.fileno(), False)
        os.set_blocking(running.stdout.fileno(), False)
        return running


@pytest.mark.parametrize(
    "program",
    [
        "",
        "import sys; sys.exit(3)",
        "import time; time.sleep(60)",
        "import sys, time; sys.stdout.buffer.write(b'\\xff' * 100); sys.stdout.flush(); time.sleep(60)",
        "import sys, os; sys.stdout.buffer.write(b'\\0\\0\\0\\x09{'); sys.stdout.flush(); os._exit(0)",
        "import os; os.kill(os.getpid(), 11)",
    ],
)
@pytest.mark.slow
def test_a_child_that_crashes_hangs_or_shouts_gives_no_answer(program: str) -> None:
    with StandIn(program, 0.5 / child_process.PATIENCE) as process:
        assert process.ask(b"x" * 2**18, 1000) is None
        assert process.ask(b"x", 1000) is None
        assert process.starts == 2


@pytest.mark.slow
def test_an_answer_in_pieces_is_put_together() -> None:
    program = (
        "import sys, time, struct\nout = sys.stdout.buffer\nfor piece in (b'\\0\\0', b'\\0\\x03a', b'bc'):\n"
        "    out.write(piece); out.flush(); time.sleep(0.05)\nsys.stdin.buffer.read()"
    )
    with StandIn(program) as process:
        assert process.ask(b"x" * 10, 1000) == b"abc"
        assert process.starts == 1


def test_a_child_that_cannot_be_started_gives_no_answer() -> None:
    class Absent(ChildProcess):
        def _start(self) -> subprocess.Popen[bytes]:
            return subprocess.Popen(["/nowhere/python"])

    with Absent("check", 1.0) as process:
        assert process.ask(b"x", 1000) is None


@pytest.mark.slow
def test_what_takes_too_much_of_the_processor_ends_however_patient_the_clock_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer has seconds of the processor, whatever else the machine does; the next one has them anew."""
    monkeypatch.setattr(child_process, "PATIENCE", 10_000)
    good = Question({"name": "a.csv"}, b"sex,n\nF,120\n").packed()
    long = Question({"name": "a.json"}, b"[" + b'{"a": 1, "b": 2},' * 10**6 + b"{}]").packed()
    with ChildProcess("tables", 0.3) as process:
        assert all(process.ask(good, 2**20) for _ in range(50))
        first = process._running
        assert process.ask(long, 2**30) is None
        assert process.ask(good, 2**20)
        assert first is not None
        assert process._running is not first


def test_only_answers_go_out_of_the_child() -> None:
    """What a library prints may hold data: neither stream of the process leads anywhere."""
    reading, writing = os.pipe()
    usual = {number: os.dup(number) for number in (1, 2)}
    try:
        os.dup2(writing, 1)
        answers = child._take_over_output()
        for number in usual:
            os.write(number, b"printed")
        answers.write(b"answer")
        answers.close()
    finally:
        for number, kept in usual.items():
            os.dup2(kept, number)
            os.close(kept)
        os.close(writing)
    with os.fdopen(reading, "rb") as opened:
        assert opened.read() == b"answer"


def test_answers_are_length_prefixed() -> None:
    packed = packed_answer({"a": 1})
    assert LENGTH.unpack_from(packed)[0] == len(packed) - LENGTH.size


def test_the_command_shows_nothing_but_programs_and_this_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "is_sandboxed", lambda: True)
    command = child_process._command("check", 20.0)
    bound = [command[i + 1] for i, word in enumerate(command) if word.startswith("--ro-bind")]
    assert "--unshare-all" in command
    assert not [place for place in bound if place in {"/", "/home", "/etc", "/tmp", "/var", str(Path.cwd())}]
    assert any(place.endswith("/egress") for place in bound)


def test_without_bubblewrap_the_child_runs_under_limits_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise Refusal("no-sandbox", "no")

    child_process.is_sandboxed.cache_clear()
    monkeypatch.setattr(child_process, "preflight", none)
    try:
        assert child_process.is_sandboxed() is False
        assert child_process._command("check", 20.0)[0] == sys.executable
    finally:
        child_process.is_sandboxed.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("sandboxed", [True, False])
def test_files_are_checked_with_and_without_bubblewrap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandboxed: bool
) -> None:
    if not sandboxed:
        monkeypatch.setattr(child_process, "is_sandboxed", lambda: False)
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("sex,n\nF,120\nM,130\n")
    bad.write_text("sex,n\nF,120\nM,7\n")
    reports = list(run_checks_on_all([(good, "good.csv"), (tmp_path, "folder"), (bad, "bad.csv")], PROFILE))
    assert [report.verdict for report in reports] == ["PASS", "FAIL", "FAIL"]
    assert [report.path for report in reports] == ["good.csv", "folder", "bad.csv"]
    assert reports[0].media_type == "text/csv"
    assert (reports[0].size, len(reports[0].sha256)) == (good.stat().st_size, 64)
    assert reports[1].sha256 == ""


@pytest.mark.slow
def test_one_file_over_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1.5,2.5\n")
    report = run_checks(file, "a.csv", PROFILE, limit=5)
    assert (report.verdict, report.findings[0].check) == ("FAIL", "file-size")


LOCKED = """
import socket, os, sys
from egress.inspection.limits import lock
lock(keep_files=False)
def refused(action):
    try:
        action()
    except OSError:
        return True
    return False
held = [
    refused(lambda: open("/etc/hostname")),
    refused(lambda: socket.socket()),
    refused(lambda: socket.socketpair()),
    refused(lambda: os.pipe()),
]
try:
    bytearray(4 * 2**30)
    held.append(False)
except MemoryError:
    held.append(True)
sys.exit(0 if all(held) else 1)
"""


@pytest.mark.slow
def test_the_lock_holds() -> None:
    done = subprocess.run([sys.executable, "-c", LOCKED], check=False, timeout=60)
    assert done.returncode == 0


def test_the_lock_holds_its_limits_where_no_filter_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    set_limits: dict[int, tuple[int, int]] = {}

    def no_filter(**_: object) -> bytes:
        raise Refusal("no-seccomp", "no")

    monkeypatch.setattr(limits.resource, "setrlimit", lambda limit, values: set_limits.update({limit: values}))
    monkeypatch.setattr(limits, "build_filter", no_filter)
    limits.lock(keep_files=True)
    assert set_limits[resource.RLIMIT_NOFILE] == (limits.RENDERING_DESCRIPTORS,) * 2
    assert set_limits[resource.RLIMIT_AS] == (limits.MEMORY_BYTES,) * 2


@pytest.mark.slow
def test_a_file_that_makes_the_child_give_up_does_not_hurt_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = tmp_path / "good.csv"
    good.write_text("sex,n\nF,120\nM,130\n")
    real = locked_child.asdict
    profiles = iter([{"no": "such field"}, real(PROFILE)])
    monkeypatch.setattr(locked_child, "asdict", lambda _: next(profiles))
    reports = list(run_checks_on_all([(good, "first.csv"), (good, "second.csv")], PROFILE))
    assert [report.verdict for report in reports] == ["FAIL", "PASS"]
    assert reports[0].findings[0].check == "could-not-be-read"


@pytest.mark.parametrize("way", ["check", "render"])
def test_the_child_answers_until_it_must_give_up(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """`main` in this process, without the lock, which would lock the tests."""
    about = {"media_type": "text/plain", "threshold": 10, "round_to": 5, "flags": []}
    good = question() if way == "check" else Question(about, b"hello")
    questions = io.BytesIO(good.packed() + Question({}, b"x").packed() + good.packed())
    answers, locked = io.BytesIO(), []
    monkeypatch.setattr(child, "lock", lambda *, keep_files: locked.append(keep_files))
    monkeypatch.setattr(child, "_take_over_output", lambda: answers)
    monkeypatch.setattr(child.sys, "stdin", io.TextIOWrapper(questions))
    child.main(way, 600.0)
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    told = answers.getvalue()
    first = LENGTH.unpack_from(told)[0]
    assert json.loads(told[4 : 4 + first]).keys() & {"findings", "html"}
    assert json.loads(told[8 + first :]) == {"gave_up": "KeyError"}
    assert locked == [way == "render"]


def test_the_child_ends_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "lock", lambda *, keep_files: None)
    monkeypatch.setattr(child, "_take_over_output", io.BytesIO)
    monkeypatch.setattr(child.sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    child.main("check", 600.0)
