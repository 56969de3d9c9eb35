"""`sde synth` as a process: interrupted, or on a full disk, it leaves nothing behind; its numbers never meet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from intake.synth.engine import Engine

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from governance.refusal import Refusal
from intake.synth.region import RegionOrder, make_region
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    make_region(RegionOrder(3000, 1, Path(sys.argv[1])), progress=lambda *_: None)
except Refusal as refusal:
    print(refusal.code)
"""


@pytest.mark.slow
def test_a_full_disk_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "region")], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "disk-full", done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("sde")),
        "synth",
        "--people",
        "200000",
        "--out",
        str(tmp_path / "region"),
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "SDE_STATE": str(tmp_path / "none")},
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".building-*/gp")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_no_two_people_ever_have_one_number_and_a_slip_is_always_seen(tmp_path: Path) -> None:
    people = 200_000
    with Engine(people, 11, 2**30, tmp_path) as engine:
        rows = engine.connection.execute(
            "SELECT count(*), count(DISTINCT n), min(n), max(n), count(*) FILTER (w % 11 <> 0),"
            " count(*) FILTER (slip % 11 = 0) FROM (SELECT n,"
            " list_sum(list_transform(range(1, 11), lambda i: n[i]::BIGINT * (11 - i))) AS w,"
            " list_sum(list_transform(range(1, 11), lambda i: t[i]::BIGINT * (11 - i))) AS slip FROM ("
            "SELECT n, transposed(n, hash(p)) AS t FROM"
            f" (SELECT p, nhs_number(p) AS n FROM range({2 * people}) AS r(p))))"
        ).fetchall()
    count, distinct, low, high, invalid, unseen = rows[0]
    assert count == distinct == 2 * people
    assert "9000000000" <= low < high <= "9999999999"
    assert invalid == unseen == 0
