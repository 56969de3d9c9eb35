"""Several pieces at the same time: their order, what fails, and that nothing goes on afterwards."""

from __future__ import annotations

import threading
import time

import duckdb
import pytest

from intake.landing.side_by_side import side_by_side
from intake.sources import open_workbench

LONG = "SELECT count(*) FROM range(100_000) a, range(10_000_000) b WHERE a.range * b.range % 7 = 8"


def quiet(what: str, done: int, total: int) -> None:
    """Nobody looks."""


def test_answers_come_in_the_order_of_the_pieces_and_one_piece_speaks_at_a_time() -> None:
    said: list[str] = []
    second_is_over = threading.Event()

    def work(own: duckdb.DuckDBPyConnection, piece: int, tell: object) -> int:
        assert callable(tell)
        if piece == 1:
            assert second_is_over.wait(60)
        tell(f"piece {piece}", 0, 1)
        if piece == 2:
            second_is_over.set()
        own.execute("CREATE TEMP TABLE mine AS SELECT ? AS n", [piece])  # of each cursor its own
        (found,) = own.execute("SELECT mine.n + shared.n FROM mine, shared").fetchall()
        return int(found[0])

    with open_workbench() as connection:
        connection.execute("CREATE TABLE shared AS SELECT 10 AS n")
        assert side_by_side(connection, work, [1, 2], lambda what, *_: said.append(what)) == [11, 12]
    assert said == ["piece 1"]


def test_the_piece_that_fails_stops_the_others_and_is_what_is_raised() -> None:
    ended: list[str] = []

    def work(own: duckdb.DuckDBPyConnection, piece: str, _: object) -> None:
        try:
            if piece == "fails":
                raise ValueError(piece)
            own.execute(LONG)  # for hours, were it not stopped
        finally:
            ended.append(piece)

    began = time.monotonic()
    with open_workbench() as connection:
        with pytest.raises(ValueError, match="fails"):
            side_by_side(connection, work, ["goes on", "fails"], quiet)
        assert sorted(ended) == ["fails", "goes on"]
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    assert time.monotonic() - began < 120
