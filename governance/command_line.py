"""The one entry point `sde`: finds each room's commands by entry point and loads only the one that is called.

Exit codes, for every command: 0 done; 1 refused (the register or a policy says no); 2 wrong usage; 3 something else
went wrong (a bug or the machine). A stack trace is never shown: it could hold a value.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from governance.refusal import Refusal

GROUP = "sde.commands"
EXIT_REFUSED, EXIT_FAILED = 1, 3


class RoomCommands(TyperGroup):
    """A command group whose members are the entry points of `GROUP`, loaded when asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in alphabetical order."""
        del ctx
        return sorted(point.name for point in entry_points(group=GROUP))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one room's command, or None if there is no such name."""
        del ctx
        points = tuple(entry_points(group=GROUP, name=cmd_name))
        if not points:
            return None
        command = typer.main.get_command(points[0].load())
        command.name = cmd_name
        return command


sde = typer.Typer(cls=RoomCommands, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@sde.callback(context_settings={"help_option_names": ["-h", "--help"]})
def _sde() -> None:
    """SDE Gateway: a secure analysis workspace gateway.

    SDE_STATE names the state folder (default ./var). Exit codes: 0 done, 1 refused, 2 wrong usage, 3 failed.
    """


def main() -> None:
    """Run one command; a refusal is printed as text, never as a stack trace."""
    console = Console(stderr=True, soft_wrap=True)
    try:
        sde(prog_name="sde")
    except Refusal as refusal:
        console.print(str(refusal), style="red", markup=False, highlight=False)
        sys.exit(EXIT_REFUSED)
    except Exception as error:
        console.print(f"[failed] {type(error).__name__} in `sde`. Run `sde doctor`.", style="red", markup=False)
        sys.exit(EXIT_FAILED)
