"""The one entry point: lazy help, near names, exit codes, and never a stack trace."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points

import pytest
from sqlalchemy.exc import OperationalError

from governance import command_line
from governance.refusal import Refusal


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["sde", *arguments])
    with pytest.raises(SystemExit) as left:
        command_line.main()
    return int(left.value.code or 0)


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rooms of the test's own, beside the real ones."""
    extra = [
        EntryPoint("broken", "governance.no_such_module:app", command_line.GROUP),
        EntryPoint("nowhere", "no_such_room.commands:app", command_line.GROUP),
        EntryPoint("empty", "governance.clock:app", command_line.GROUP),
    ]

    def with_extra(*, group: str, name: str | None = None) -> list[EntryPoint]:
        found = [*entry_points(group=group), *extra]
        return [point for point in found if name is None or point.name == name]

    monkeypatch.setattr(command_line, "entry_points", with_extra)
    fresh = command_line.typer.Typer(cls=command_line.RoomCommands, pretty_exceptions_enable=False)
    fresh.callback()(command_line._sde)
    monkeypatch.setattr(command_line, "sde", fresh)


def test_help_names_every_command_in_order(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--help") == 0
    said = capsys.readouterr().out
    places = [said.index(f"│ {name} ") for name, _, _ in command_line.SUMMARIES]
    assert places == sorted(places)
    assert "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 failed" in said


def test_every_entry_point_has_a_summary() -> None:
    assert {point.name for point in entry_points(group=command_line.GROUP)} == {
        name for name, _, _ in command_line.SUMMARIES
    }


def test_help_loads_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(sys.modules)
    run(monkeypatch, "--help")
    rooms = ("hub.", "egress.", "intake.", "query_guard.", "governance.commands.person", "duckdb", "sqlalchemy.")
    assert not [name for name in set(sys.modules) - before if name.startswith(rooms) and not name.endswith("commands")]


def test_help_says_what_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], points: None
) -> None:
    assert run(monkeypatch, "--help") == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if " broken " in line or " nowhere " in line]
    assert len(lines) == 2
    assert all("(unavailable)" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("broken", "ModuleNotFoundError: governance.no_such_module"),
        ("nowhere", "ModuleNotFoundError: no_such_room"),
        ("empty", "AttributeError: app"),
    ],
)
def test_a_command_that_cannot_be_loaded_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], points: None, name: str, cause: str
) -> None:
    assert run(monkeypatch, name) == 3
    assert f"[failed] `sde {name}` cannot be loaded ({cause})." in capsys.readouterr().err


def test_a_near_name_is_suggested(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "persn") == 2
    assert "Did you mean 'person'?" in capsys.readouterr().err


def test_nothing_is_help(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch) == 2


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            Refusal("no-way", "Not [bold]this[/bold] way.", "Go round."),
            1,
            "[no-way] Not [bold]this[/bold] way. Go round.",
        ),
        (ValueError("a patient's name"), 3, "Unexpected ValueError."),
        (ImportError("a secret"), 3, "Unexpected ImportError."),
        (PermissionError(13, "Permission denied", "/srv/x"), 3, "Permission denied: /srv/x."),
        (OSError(28, "No space left on device"), 3, "No space left on device."),
        (OSError("odd"), 3, "Unexpected OSError."),
        (OperationalError("SELECT secret", {}, Exception()), 3, "The register is busy, read-only or cannot be opened."),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_said_of_each_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    def fail(name: str) -> None:
        raise error

    monkeypatch.setattr(command_line, "load_command", fail)
    assert run(monkeypatch, "person") == code
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert "secret" not in err
    assert "patient" not in err
