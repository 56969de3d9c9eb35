"""Processes by number and start time."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.processes import Process, find_holders, wait_until


@pytest.fixture
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(["sleep", "60"])
    yield child
    child.kill()
    child.wait()


def test_a_process_is_known_by_number_and_start(sleeping: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeping.pid)
    assert process is not None
    assert process.is_alive
    assert process in Process(os.getpid(), 0).children()


def test_a_number_that_changed_hands_is_somebody_else(sleeping: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeping.pid)
    assert process is not None
    earlier = Process(process.pid, process.started - 1)
    assert not earlier.is_alive
    earlier.send(signal.SIGKILL)
    assert process.is_alive


def test_an_ended_process_is_not_alive_even_if_nobody_has_asked_for_its_status() -> None:
    child = subprocess.Popen(["true"])
    assert wait_until(lambda: Process.of(child.pid) is None, 5)
    child.wait()
    assert Process.of(child.pid) is None


def test_a_signal_to_an_ended_process_is_harmless(sleeping: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeping.pid)
    assert process is not None
    process.send(signal.SIGKILL)
    sleeping.wait()
    process.send(signal.SIGKILL)


def test_holders_of_a_file_are_found_and_we_are_not_among_them(tmp_path: Path) -> None:
    file = tmp_path / "held"
    with file.open("wb") as opened:
        child = subprocess.Popen(["sleep", "60"], pass_fds=[opened.fileno()])
        try:
            assert [process.pid for process in find_holders(file)] == [child.pid]
        finally:
            child.kill()
            child.wait()
    assert find_holders(file) == []
    assert find_holders(tmp_path / "missing") == []


def test_waiting_ends_in_time() -> None:
    assert wait_until(lambda: True, 0)
    assert not wait_until(lambda: False, 0.05)
