"""A real PostgreSQL for tests: Debian's package, a private unix socket in its own folder, no network, gone at the end.

It refuses to run as root, so under root it runs as the package's own user, or as nobody.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine

NOT_INSTALLED = "PostgreSQL is not installed: `make setup-test` installs Debian's package `postgresql` where it may"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "listen_addresses=")


def find_programs() -> Path | None:
    """The folder of the newest server's programs, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).resolve().parent if elsewhere else None


@contextmanager
def running_server(programs: Path) -> Iterator[str]:
    """A server with an empty cluster; gives the URL of its database `postgres`."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path is short
    user = _user()
    if user:
        shutil.chown(folder, user.pw_uid, user.pw_gid)
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    clean = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, env=clean, cwd=folder, timeout=60, **as_user)

    data = folder / "data"
    try:
        run("initdb", "-D", str(data), "-U", "gateway", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        settings = " ".join(f"-c {setting}" for setting in (*QUICK, f"unix_socket_directories={folder}"))
        run("pg_ctl", "-D", str(data), "-w", "-o", settings, "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql+psycopg://gateway@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_database(server: str) -> str:
    """A new empty database; returns its URL."""
    name = f"d{secrets.token_hex(8)}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE template0")
    return server.replace("/postgres?", f"/{name}?")


def fill_database(url: str, template: str) -> None:
    """The empty database becomes a copy of the one named `template`."""
    name = name_of(url)
    _run(url.replace(f"/{name}?", "/postgres?"), f"DROP DATABASE {name}", f"CREATE DATABASE {name} TEMPLATE {template}")


def name_of(url: str) -> str:
    """The database's name in a URL of `make_database`."""
    return url.rpartition("?")[0].rpartition("/")[2]


def _run(server: str, *statements: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def _user() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("neither `postgres` nor `nobody` is a user here")
