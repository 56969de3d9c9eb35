"""Attempts to get at a key by real processes: a core file, another process's eyes, files left behind, errors."""

from __future__ import annotations

import base64
import os
import resource
import shutil
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from governance.settings import Settings
from governance.store import Store
from intake.keys import FileKeyStore
from intake.keys.computing import PseudonymKey

NOBODY = 65534
SECRET = b"\x01secret key of thirty-two bytes!"
OPEN_A_KEY = """
import sys
from pathlib import Path
from intake.keys import FileKeyStore
key = FileKeyStore(Path(sys.argv[1])).open("gi-bleed", "person", make=True)
"""
WAIT = "print('ready', flush=True); sys.stdin.readline()\n"
#: Tries what gcore and debuggers do: to read another process's memory.
READ_MEMORY = """
import ctypes, os, sys
found = []
try:
    os.close(os.open(f"/proc/{sys.argv[1]}/mem", os.O_RDONLY)); found.append("mem")
except OSError:
    pass
try:
    open(f"/proc/{sys.argv[1]}/environ", "rb").read(); found.append("environ")
except OSError:
    pass
if ctypes.CDLL(None, use_errno=True).ptrace(16, int(sys.argv[1]), 0, 0) == 0: found.append("ptrace")
print(*found)
"""


@contextmanager
def running(code: str, *arguments: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    return folder


@pytest.mark.slow
def test_a_process_with_a_key_writes_no_core_file(keys: Path, tmp_path: Path) -> None:
    def limits() -> None:
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        os.chdir(tmp_path)

    code = OPEN_A_KEY + "import os; os.abort()\n"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with running(code, str(keys), preexec_fn=limits, env=environment) as process:
        status = process.wait(60)
    assert status == -6
    assert not list(tmp_path.glob("core*"))


@pytest.mark.slow
def test_its_limits_say_so(keys: Path) -> None:
    with running(OPEN_A_KEY + WAIT, str(keys)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        [line] = [
            line for line in Path(f"/proc/{process.pid}/limits").read_text().splitlines() if "core file size" in line
        ]
        assert line.split()[4:6] == ["0", "0"]
        assert Path(f"/proc/{process.pid}/environ").stat().st_uid == 0, "what is not dumpable belongs to root in /proc"
        secret = (keys / "gi-bleed.person.key").read_bytes()
        assert secret not in Path(f"/proc/{process.pid}/cmdline").read_bytes()


def _may_run_as_nobody() -> bool:
    return os.geteuid() == 0 and shutil.which("setpriv") is not None


@pytest.mark.slow
@pytest.mark.skipif(not _may_run_as_nobody(), reason="only root can start processes of another user")
@pytest.mark.parametrize("with_key", [False, True])
def test_another_process_of_the_same_user_cannot_read_it(with_key: bool) -> None:
    """The control, a process without a key, can be read: what stops the reader is what opening a key did."""
    code = ("forbid_dumps()\n" if with_key else "") + "print('ready', flush=True); sys.stdin.readline()\n"
    with running(_as_nobody(code)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        reader = subprocess.run(
            [sys.executable, "-c", _as_nobody(READ_MEMORY), str(process.pid)],
            capture_output=True,
            text=True,
            timeout=60,
        )
    found = set(reader.stdout.split())
    if with_key:
        assert found == set(), reader.stderr
    elif "mem" not in found:
        pytest.skip("this machine lets no process read another one anyway")


def _as_nobody(code: str) -> str:
    """Run `code` as nobody, dumpable as every program is at its start."""
    return (
        "import ctypes, os, sys\nfrom intake.keys.memory import forbid_dumps\n"
        f"os.setgroups([]); os.setresgid({NOBODY}, {NOBODY}, {NOBODY}); os.setresuid({NOBODY}, {NOBODY}, {NOBODY})\n"
        "ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)\n" + code
    )


def forms(secret: bytes) -> list[bytes]:
    """A key as it is and as somebody might write it."""
    return [
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret).rstrip(b"="),
        base64.urlsafe_b64encode(secret).rstrip(b"="),
        base64.b85encode(secret),
        repr(secret)[2:-1].encode(),
        str(int.from_bytes(secret, "big")).encode(),
        str(int.from_bytes(secret, "little")).encode(),
    ]


@pytest.mark.slow
def test_a_real_adoption_leaves_no_key_anywhere(
    settings: Settings, demo_register: Store, gibleed: Path, tmp_path: Path
) -> None:
    demo_register.close()
    root = settings.folder.root
    command = [str(Path(sys.executable).parent / "sde"), "extract", "adopt", "gi-bleed", str(gibleed), "--json"]
    command += ["--opt-outs", "synthetic data"]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env={**os.environ}, timeout=200)
    assert done.returncode == 0, done.stderr
    secrets = [file.read_bytes() for file in settings.folder.keys.glob("*.key")]
    assert len(secrets) >= 2, "people, visits and marks have a key each"
    written = {"stdout": done.stdout, "stderr": done.stderr}
    for file in [*root.rglob("*"), *tmp_path.glob("*")]:
        if file.is_file() and not (file.parent == settings.folder.keys and file.suffix == ".key"):
            written[str(file)] = file.read_bytes()
    assert any(name.endswith("extract.duckdb") for name in written)
    assert any(name.endswith("manifest.json") for name in written)
    assert any(name.endswith("register.db") for name in written)
    for name, content in written.items():
        for secret in secrets:
            assert not [form for form in forms(secret) if form in content], name
    [extract] = root.rglob("extract.duckdb")
    with duckdb.connect(str(extract), read_only=True) as connection:  # values may be compressed in the file
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            text = connection.execute(f"SELECT string_agg(CAST(t AS VARCHAR), '') FROM \"{table}\" t").fetchall()[0][0]
            for secret in secrets:
                assert not [form for form in forms(secret)[1:] if form in (text or "").encode()], table


def test_an_error_under_a_key_shows_nothing_of_it(keys: Path) -> None:
    (keys / "gi-bleed.person.key").write_bytes(SECRET)
    (keys / "gi-bleed.person.key").chmod(0o600)

    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("caught in the middle")

    key = FileKeyStore(keys).open("gi-bleed", "person")
    try:
        key.pseudonyms([1, Hostile()])
    except RuntimeError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "caught in the middle" in shown
    assert "PseudonymKey()" in shown
    for form in forms(SECRET):
        assert form.decode("latin-1") not in shown


@pytest.mark.parametrize("way", ["vars", "dir", "json", "deepcopy", "state"])
def test_a_key_object_gives_nothing_away(way: str) -> None:
    import copy
    import json

    key = PseudonymKey(SECRET)
    tries = {
        "vars": lambda: vars(key),
        "dir": lambda: [getattr(key, name) for name in dir(key) if not callable(getattr(key, name))],
        "json": lambda: json.dumps(key),
        "deepcopy": lambda: copy.deepcopy(key),
        "state": key.__getstate__,
    }
    try:
        got = repr(tries[way]())
    except TypeError:
        return
    assert not [form for form in forms(SECRET) if form.decode("latin-1") in got]
