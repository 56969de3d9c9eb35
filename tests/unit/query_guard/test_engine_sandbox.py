"""The sandbox's command line: what is mounted, what is not, on machines of different layouts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from query_guard.engine import sandbox, worker


def mounts(arguments: tuple[str, ...] | list[str]) -> dict[str, str]:
    """Target -> source of every read-only bind."""
    return {arguments[place + 2]: arguments[place + 1] for place, part in enumerate(arguments) if part == "--ro-bind"}


def test_only_libraries_worker_and_extract_are_mounted() -> None:
    command = sandbox.sandbox_command(Path("/state/extract.duckdb"), 9)
    bound = mounts(command)
    assert bound.pop(worker.DATABASE) == "/state/extract.duckdb"
    assert bound.pop(sandbox.WORKER) == worker.__file__
    base = str(Path(sys.base_prefix).resolve())
    assert all(target.startswith(("/usr", base, "/lib", worker.LIBRARIES)) for target in bound)
    libraries = {Path(target).name for target in bound if target.startswith(worker.LIBRARIES)}
    assert {"duckdb", "pyarrow"} <= libraries
    assert "numpy" not in libraries
    assert "--bind" not in command


def test_engine_without_data_has_no_file_of_ours() -> None:
    assert worker.DATABASE not in sandbox.sandbox_command(None, 9)


def test_sandbox_asks_for_everything_it_promises() -> None:
    command = sandbox.sandbox_command(None, 9)
    for part in ("--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--clearenv"):
        assert part in command
    assert command[command.index("--cap-drop") + 1] == "ALL"
    assert command[command.index("--seccomp") + 1] == "9"
    assert command[-5:] == [str(Path(sys.executable).resolve()), "-I", "-S", "-B", sandbox.WORKER]


def test_machine_with_separate_library_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, link, missing = tmp_path / "lib", tmp_path / "lib64", tmp_path / "lib32"
    folder.mkdir()
    link.symlink_to("usr/lib64")
    monkeypatch.setattr(sandbox, "LIBRARY_LINKS", (str(folder), str(link), str(missing)))
    arguments = sandbox._fixed_files.__wrapped__()
    assert mounts(arguments)[str(folder)] == str(folder)
    assert arguments[arguments.index("--symlink") + 1] == "usr/lib64"
    assert str(missing) not in arguments


def test_python_of_the_system_needs_no_mount_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    base = Path(sys.base_prefix).resolve()
    monkeypatch.setattr(sandbox, "SYSTEM", base.parent)
    assert str(base) not in mounts(sandbox._fixed_files.__wrapped__())


def test_package_whose_record_lists_scripts_or_lost_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Installed:
        files = (Path("../../bin/tool"), Path("gone/x.py"), Path("here/x.py"))

        def locate_file(self, name: str) -> Path:
            return tmp_path / name

    (tmp_path / "here").mkdir()
    monkeypatch.setattr(sandbox, "PACKAGES", ("any",))
    monkeypatch.setattr(sandbox, "distribution", lambda _: Installed())
    assert list(sandbox._packages()) == [tmp_path / "here"]
