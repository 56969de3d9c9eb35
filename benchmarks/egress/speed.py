"""How long `sde check` takes, by the clock with its locked child, and by the processor for the checks alone.

The child's own use of the processor cannot be asked for once its walls are down, so the same work is done once more in
this process for that. On a busy machine read that, and its ratio to a bare csv read of the same run.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.egress.accuracy import PROFILE
from egress.checks import judge, run_checks_on_all
from egress.checks.complementary import counts_of
from egress.inspection.reading import read_document

ROUNDS = 3


@dataclass(frozen=True)
class Timing:
    """One measurement: seconds of the clock; of the processor for the checks alone; for a bare read of the same files."""

    what: str
    goal: float
    clock: float
    processor: float
    bare: float


def measure_speed(folder: Path) -> list[Timing]:
    """The goals of issue 6, on files written into `folder`."""
    table = _write_table(folder / "table.csv", rows=5_000, columns=20)
    large = _write_large(folder / "large.csv", 16 * 2**20 - 64)
    many = [_write_table(folder / f"many_{number:03}.csv", rows=40, columns=6) for number in range(100)]
    _check([table])  # the interpreter's own files are read once before anything is timed
    return [
        _warm("5,000 x 20 csv, once warm (goal 0.3 s)", 0.3, table, many[0]),
        _timed("the same with the child's start", 0.0, [table]),
        _timed("16 MB csv (goal 3 s)", 3.0, [large]),
        _timed("100 files (goal 20 s)", 20.0, many),
    ]


def _warm(what: str, goal: float, table: Path, first: Path) -> Timing:
    """One table more in a child that runs already: the difference of one and eleven of it, a tenth."""
    few, more = ([first, *[table] * count] for count in (1, 11))
    clock = min(_clock(lambda: _check(more)) - _clock(lambda: _check(few)) for _ in range(ROUNDS)) / 10
    return Timing(what, goal, clock, _processor(lambda: _judge([table])), _processor(lambda: _read([table])))


def _timed(what: str, goal: float, files: list[Path]) -> Timing:
    clock = min(_clock(lambda: _check(files)) for _ in range(ROUNDS))
    return Timing(what, goal, clock, _processor(lambda: _judge(files)), _processor(lambda: _read(files)))


def _check(files: list[Path]) -> None:
    for _ in run_checks_on_all([(file, file.name) for file in files], PROFILE):
        pass


def _read(files: list[Path]) -> int:
    total = 0
    for file in files:
        with file.open(newline="") as opened:
            total += sum(len(row) for row in csv.reader(opened))
    return total


def _judge(files: list[Path]) -> None:
    for file in files:
        document = read_document(file.read_bytes(), file.name)
        judge(document, PROFILE)
        counts_of(document)


def _clock(run: Callable[[], object]) -> float:
    began = time.monotonic()
    run()
    return time.monotonic() - began


def _processor(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def _write_table(file: Path, rows: int, columns: int) -> Path:
    random = Random(rows)
    names = ["stratum", *(f"n_{2003 + column}" for column in range(1, columns))]
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(names)
        writer.writerows([f"S{row}", *(5 * random.randint(4, 900) for _ in names[1:])] for row in range(rows))
    return file


def _write_large(file: Path, size: int) -> Path:
    random = Random(size)
    line = ",".join(["group {}", *(str(5 * random.randint(4, 900)) for _ in range(19))]) + "\n"
    head = ",".join(["group", *(f"n_{2003 + column}" for column in range(1, 20))]) + "\n"
    rows = (size - len(head)) // (len(line) + 5)
    file.write_text(head + "".join(line.format(row) for row in range(rows)))
    return file
