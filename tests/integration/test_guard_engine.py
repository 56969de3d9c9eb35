"""The locked engine: what its sandbox holds, what its lock refuses, and that bombs die without hurting anybody else."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from governance.confinement.seccomp import NO_SOCKETS, build_filter, filter_descriptor
from governance.extracts import ProjectData
from governance.refusal import Refusal
from query_guard.engine import worker
from query_guard.engine.limits import EngineLimits
from query_guard.engine.pool import EngineKey, EnginePool
from query_guard.engine.process import EngineFailure, EngineProcess, EngineUnavailable
from query_guard.engine.sandbox import sandbox_command

pytestmark = pytest.mark.slow

SLACK = 10.0  # seconds: the machine may be busy with other tests
LIMITS = EngineLimits(memory_bytes=2**30, seconds=1.0, rows=1000, answer_bytes=2**20)


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> ProjectData:
    """A small database as an extract would be: 0400, in a folder of its own."""
    return make_extract(tmp_path_factory.mktemp("one"))


def make_extract(folder: Path) -> ProjectData:
    from hashlib import sha256

    from governance.catalogue import Catalogue

    file = folder / "extract.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE person AS SELECT i AS person_id, i % 2 AS sex FROM range(5000) t(i)")
    file.chmod(0o400)
    return ProjectData(file, Catalogue(), sha256(file.read_bytes()).hexdigest(), 5000, "0" * 64)


@pytest.fixture(scope="module")
def engine(extract: ProjectData) -> Iterator[EngineProcess]:
    with EngineProcess(extract.database, LIMITS) as process:
        process.wait_until_ready()
        yield process


@pytest.fixture
def pool() -> Iterator[EnginePool]:
    with EnginePool(LIMITS, most=4) as opened:
        yield opened


def failure(engine: EngineProcess, sql: str) -> str:
    with pytest.raises(EngineFailure) as caught:
        engine.ask(sql)
    return caught.value.kind


# --- the lock -----------------------------------------------------------------------------------------------------


def test_every_setting_of_the_lock_reads_back(engine: EngineProcess) -> None:
    start = {"memory_bytes": LIMITS.memory_bytes, "seconds": LIMITS.seconds, "threads": LIMITS.threads}
    wanted = worker.lock_settings(start)
    assert list(engine.settings) == [name for name, _, _ in wanted]
    for name, _, value in wanted:
        assert worker.is_in_force(name, value, engine.settings[name]), name


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/engine/worker.py')",
        "SELECT * FROM read_text('/proc/self/environ')",
        "SELECT * FROM read_csv('/etc/ld.so.cache')",
        "SELECT * FROM '/engine/worker.py'",
        "SELECT * FROM read_blob('http://127.0.0.1/x')",
        "SELECT * FROM glob('/*')",
        "ATTACH '/tmp/other.duckdb' AS other",
        "COPY person TO '/tmp/out.csv'",
        "EXPORT DATABASE '/tmp/out'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 8",
        "RESET memory_limit",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "PRAGMA enable_profiling",
        "INSERT INTO person VALUES (1, 1)",
        "WITH a AS (INSERT INTO person VALUES (1, 1) RETURNING *) SELECT * FROM a",
        "DELETE FROM person",
        "DROP TABLE person",
        "CREATE TABLE copied AS SELECT * FROM person",
        "SELECT CAST('Smith' AS INTEGER)",
        "SELECT error('Smith')",
        "not even SQL",
    ],
)
def test_locked_engine_refuses_and_lives_on(engine: EngineProcess, sql: str) -> None:
    assert failure(engine, sql) == "error"
    assert engine.ask("SELECT count(*) AS n FROM person").to_pydict() == {"n": [5000]}


def test_nothing_stays_between_two_queries(engine: EngineProcess) -> None:
    engine.ask("CREATE TEMP TABLE kept AS SELECT 1 AS x")
    engine.ask("SET VARIABLE kept = 1")
    assert failure(engine, "SELECT * FROM kept") == "error"
    assert engine.ask("SELECT getvariable('kept') AS x").to_pydict() == {"x": [None]}


def test_division_by_zero_is_null_and_not_an_error(engine: EngineProcess) -> None:
    assert engine.ask("SELECT 1 // 0 AS x").to_pydict() == {"x": [None]}


def test_rows_and_bytes_of_an_answer_are_capped(engine: EngineProcess) -> None:
    assert failure(engine, "SELECT * FROM person") == "rows"
    assert failure(engine, "SELECT repeat('x', 10000) AS x FROM person LIMIT 900") == "bytes"
    assert engine.is_alive


def test_engine_without_data_sees_only_what_it_is_given() -> None:
    with EngineProcess(None, LIMITS) as engine:
        engine.wait_until_ready()
        protected = pa.table({"g": ["a", "b"], "n": [10, 20]})
        answer = engine.ask("SELECT g FROM protected ORDER BY n DESC", {"protected": protected})
        assert answer.to_pydict() == {"g": ["b", "a"]}
        assert failure(engine, "SELECT * FROM protected") == "error"
        assert failure(engine, "SELECT * FROM person") == "error"


# --- bombs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bomb", "kinds"),
    [
        ("SELECT list_sum(range(300000000))", {"memory", "killed"}),
        ("SELECT length(repeat('x', 2000000000))", {"memory", "killed"}),
        ("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = 7", {"time", "killed"}),
        (
            "SELECT count(*) FROM person a, person b, person c WHERE hash(a.person_id, b.person_id, c.person_id) = 7",
            {"time", "killed"},
        ),
        (
            "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT count(*) FROM r",
            {"time", "killed", "memory"},
        ),
        ("SELECT regexp_matches(repeat('a', 5000) || 'c', '(a*)*b')", {"time", "killed", "memory", ""}),
        ("SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))", {"time", "killed", "memory"}),
        (f"SELECT {'(' * 2000}1{')' * 2000}", {"error", "fatal", "killed", ""}),
    ],
)
def test_bomb_is_killed_and_the_next_query_works(
    extract: ProjectData, pool: EnginePool, bomb: str, kinds: set[str]
) -> None:
    key = EngineKey.with_data(extract)
    kind = ""
    try:
        with pool.borrow(key) as engine:
            begun = time.monotonic()
            engine.ask(bomb)
    except EngineFailure as stopped:
        kind = stopped.kind
    assert kind in kinds
    assert time.monotonic() - begun < LIMITS.seconds + SLACK
    with pool.borrow(key) as engine:
        assert engine.ask("SELECT count(*) AS n FROM person").to_pydict() == {"n": [5000]}


def test_killed_worker_leaves_no_process_behind(extract: ProjectData) -> None:
    engine = EngineProcess(extract.database, LIMITS)
    engine.wait_until_ready()
    inside = descendants(engine._process.pid)
    assert len(inside) >= 2  # bubblewrap's own init and the worker
    engine.kill()
    deadline = time.monotonic() + SLACK
    while any(Path(f"/proc/{pid}").exists() for pid in inside) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(Path(f"/proc/{pid}").exists() for pid in inside)


def descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [found for child in children for found in (child, *descendants(child))]


# --- the sandbox --------------------------------------------------------------------------------------------------

PROBE = """
import ctypes, json, os, socket, sys
def tried(action):
    try:
        action()
        return "done"
    except Exception as error:
        return type(error).__name__
def status():
    lines = open("/proc/self/status").read().splitlines()
    return dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
held = status()
print(json.dumps({
    "root": sorted(os.listdir("/")),
    "engine": sorted(os.listdir("/engine")),
    "etc": sorted(os.listdir("/etc")),
    "environment": dict(os.environ),
    "uid": os.getuid(),
    "processes": [name for name in os.listdir("/proc") if name.isdigit()],
    "interfaces": open("/proc/net/dev").read().count(":"),
    "capabilities": held["CapEff"], "bounding": held["CapBnd"], "no_new_privileges": held["NoNewPrivs"],
    "seccomp": held["Seccomp"],
    "tcp": tried(lambda: socket.socket(socket.AF_INET)),
    "unix": tried(lambda: socket.socket(socket.AF_UNIX)),
    "vsock": tried(lambda: socket.socket(40)),
    "namespace": ctypes.CDLL(None).unshare(0x10000000),
    "write_root": tried(lambda: open("/x", "w")),
    "write_engine": tried(lambda: open("/engine/x", "w")),
    "write_extract": tried(lambda: open("/engine/extract.duckdb", "r+")),
    "write_libraries": tried(lambda: open("/usr/lib/x", "w")),
    "fill_tmp": tried(lambda: open("/tmp/x", "wb").write(b"0" * 2**24)),
    "secret": tried(lambda: open(sys.stdin.read().strip())),
}))
"""


@pytest.fixture(scope="module")
def seen(extract: ProjectData, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a script sees in exactly the sandbox of a worker."""
    folder = tmp_path_factory.mktemp("probe")
    probe, secret = folder / "probe.py", folder / "secret"
    probe.write_text(PROBE)
    secret.write_text("another project's")
    descriptor = filter_descriptor(build_filter(sockets=NO_SOCKETS))
    command = sandbox_command(extract.database, descriptor)
    command = [str(probe) if part == worker.__file__ else part for part in command]
    done = subprocess.run(
        command,
        input=str(secret),
        capture_output=True,
        text=True,
        pass_fds=(descriptor,),
        env={"SECRET": "token"},
        timeout=30,
        check=True,
    )
    os.close(descriptor)
    return dict(json.loads(done.stdout))


def test_sandbox_has_no_network(seen: dict[str, object]) -> None:
    assert seen["interfaces"] == 1  # the loopback of its own, empty namespace
    assert {seen["tcp"], seen["unix"], seen["vsock"]} == {"OSError"}


def test_sandbox_holds_only_libraries_and_one_extract(seen: dict[str, object]) -> None:
    assert seen["engine"] == ["extract.duckdb", "lib", "worker.py"]
    assert seen["etc"] == ["ld.so.cache"]
    assert "home" not in list(seen["root"])  # type: ignore[call-overload]  # a list, from JSON
    assert seen["secret"] == "FileNotFoundError"


def test_sandbox_inherits_nothing(seen: dict[str, object]) -> None:
    assert seen["environment"] == {"LANG": "C.UTF-8", "TZ": "UTC", "MALLOC_ARENA_MAX": "2", "PWD": "/"}
    assert seen["processes"] == ["1", "2"]


def test_sandbox_has_no_privilege(seen: dict[str, object]) -> None:
    assert seen["uid"] == 65534
    assert (seen["capabilities"], seen["bounding"]) == ("0" * 16, "0" * 16)
    assert (seen["no_new_privileges"], seen["seccomp"], seen["namespace"]) == ("1", "2", -1)


def test_sandbox_can_write_nothing_but_a_small_tmp(seen: dict[str, object]) -> None:
    places = ("write_root", "write_engine", "write_extract", "write_libraries")
    assert {seen[place] for place in places} <= {"OSError", "PermissionError"}
    assert seen["fill_tmp"] == "OSError"


# --- the pool -----------------------------------------------------------------------------------------------------


def test_warm_worker_is_used_again(extract: ProjectData, pool: EnginePool) -> None:
    key = EngineKey.with_data(extract)
    with pool.borrow(key) as first:
        pass
    with pool.borrow(key) as second:
        assert second is first


def test_two_extracts_never_share_a_worker(extract: ProjectData, pool: EnginePool, tmp_path: Path) -> None:
    other = make_extract(tmp_path)
    with pool.borrow(EngineKey.with_data(extract)) as first:
        pass
    with pool.borrow(EngineKey.with_data(other)) as second:
        assert second.database == other.database != first.database
    with pool.borrow(EngineKey.without_data(other)) as third:
        assert third.database is None


def test_warming_prepares_both_kinds(extract: ProjectData, pool: EnginePool) -> None:
    pool.warm(extract)
    deadline = time.monotonic() + 3 * SLACK
    while len(pool._idle) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert {key for key, _ in pool._idle} == {EngineKey.with_data(extract), EngineKey.without_data(extract)}
    pool.warm(extract)  # nothing to do
    assert pool._places == 2


def test_least_recently_used_worker_makes_room(extract: ProjectData, tmp_path: Path) -> None:
    with EnginePool(LIMITS, most=1) as pool:
        with pool.borrow(EngineKey.with_data(extract)) as first:
            pass
        with pool.borrow(EngineKey.without_data(extract)) as second:
            assert not first.is_alive
            assert second.is_alive


def test_full_pool_says_busy(extract: ProjectData) -> None:
    with EnginePool(LIMITS, most=1, patience=0.1) as pool, pool.borrow(EngineKey.with_data(extract)):
        with pytest.raises(Refusal) as caught, pool.borrow(EngineKey.without_data(extract)):
            pass
        assert caught.value.code == "busy"
        pool.warm(extract)  # no place: nothing happens
        assert pool._places == 1


def test_many_threads_get_right_answers(extract: ProjectData, pool: EnginePool) -> None:
    found: list[list[int]] = []

    def ask(number: int) -> None:
        with pool.borrow(EngineKey.with_data(extract)) as engine:
            found.append([number, engine.ask(f"SELECT count(*) + {number} AS n FROM person")["n"][0].as_py()])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [[number, 5000 + number] for number in range(12)]


def test_changed_extract_is_never_opened(pool: EnginePool, tmp_path: Path) -> None:
    data = make_extract(tmp_path)
    with pytest.raises(Refusal) as caught, pool.borrow(EngineKey("0" * 64, data.database)):
        pass
    assert caught.value.code == "extract-damaged"
    with pytest.raises(Refusal) as caught, pool.borrow(EngineKey(data.sha256, tmp_path / "gone.duckdb")):
        pass
    assert caught.value.code == "extract-damaged"
    assert pool._places == 0


def test_file_that_is_no_database_is_unavailable(pool: EnginePool, tmp_path: Path) -> None:
    from hashlib import sha256

    file = tmp_path / "extract.duckdb"
    file.write_bytes(b"not a database")
    with pytest.raises(Refusal) as caught, pool.borrow(EngineKey(sha256(b"not a database").hexdigest(), file)):
        pass
    assert caught.value.code == "engine-unavailable"


def test_closing_ends_every_child(extract: ProjectData) -> None:
    pool = EnginePool(LIMITS)
    with pool.borrow(EngineKey.with_data(extract)) as idle:
        pass
    borrowed = pool.borrow(EngineKey.without_data(extract))
    busy = borrowed.__enter__()
    pool.close()
    assert not idle.is_alive
    borrowed.__exit__(None, None, None)
    assert not busy.is_alive
    with pytest.raises(Refusal) as caught, pool.borrow(EngineKey.with_data(extract)):
        pass
    assert caught.value.code == "engine-unavailable"
    pool.warm(extract)  # a closed pool prepares nothing


def test_worker_found_dead_is_replaced(extract: ProjectData, pool: EnginePool) -> None:
    key = EngineKey.with_data(extract)
    with pool.borrow(key) as first:
        pass
    first.kill()
    with pool.borrow(key) as second:
        assert second is not first
        assert second.ask("SELECT 1 AS x").num_rows == 1


# --- no sandbox, no engine ----------------------------------------------------------------------------------------


def test_without_a_working_sandbox_there_is_no_engine(extract: ProjectData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_guard.engine.sandbox.find_bwrap", lambda: Path("/bin/false"))
    with EnginePool(LIMITS) as pool:
        with pytest.raises(Refusal) as caught, pool.borrow(EngineKey.with_data(extract)):
            pass
        assert caught.value.code == "engine-unavailable"
        assert pool._places == 0


def test_missing_program_is_unavailable(extract: ProjectData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_guard.engine.sandbox.find_bwrap", lambda: Path("/nowhere/bwrap"))
    with pytest.raises(EngineUnavailable):
        EngineProcess(extract.database, LIMITS)


@pytest.mark.parametrize(
    "said",
    [
        worker.FRAME.pack(worker.ANSWER, 5) + b"no ready frame",  # not ready
        b"\x00" * 3,  # not even a frame
        worker.FRAME.pack(worker.READY, 2**50),  # a frame longer than any
    ],
)
def test_process_that_is_no_worker_is_unavailable(
    extract: ProjectData, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: bytes
) -> None:
    stranger = impostor(tmp_path, said)
    monkeypatch.setattr("query_guard.engine.process.sandbox_command", lambda *_: stranger)
    monkeypatch.setattr("query_guard.engine.process.START_SECONDS", 0.5)
    process = EngineProcess(extract.database, LIMITS)
    with pytest.raises(EngineUnavailable):
        process.wait_until_ready()
    assert not process.is_alive


@pytest.mark.parametrize(
    "said",
    [
        worker.FRAME.pack(worker.ANSWER, 4) + b"junk",
        worker.FRAME.pack(worker.FAILED, 5) + b"Smith",  # a word that is not one of ours stays inside
        worker.FRAME.pack(worker.READY, 5) + b"error",
    ],
)
def test_answer_that_is_no_answer_is_fatal(
    extract: ProjectData, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: bytes
) -> None:
    stranger = impostor(tmp_path, worker.FRAME.pack(worker.READY, 2) + b"{}" + said)
    monkeypatch.setattr("query_guard.engine.process.sandbox_command", lambda *_: stranger)
    with EngineProcess(extract.database, LIMITS) as process:
        process.wait_until_ready()
        assert failure(process, "SELECT 1") == "fatal"


def impostor(folder: Path, said: bytes) -> list[str]:
    """A program that reads nothing and says this."""
    (folder / "said").write_bytes(said)
    return ["/bin/sh", "-c", f"cat {folder / 'said'}; sleep 30"]
