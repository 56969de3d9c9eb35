"""The command line, from the Typer applications of the rooms."""

from __future__ import annotations

from typing import Any

from governance.command_line import SUMMARIES, load_command

#: Every Typer application has these; they are not worth a line each time.
NOT_OURS = {"help", "install_completion", "show_completion"}


def page() -> str:
    """Every command with its arguments and options."""
    parts = [
        "# Command line\n\nExit codes: 0 done, 1 refused (a policy or the register says no), 2 wrong usage, 3 failed,"
        " 130 interrupted. `SDE_STATE` names the state folder (default `./var`)."
    ]
    for name, _, _ in SUMMARIES:
        parts += _describe(load_command(name), f"sde {name}")
    return "\n\n".join(parts)


def _describe(command: Any, name: str) -> list[str]:
    if command is None or command.hidden:
        return []
    if hasattr(command, "commands"):
        return [line for child in command.commands for line in _describe(command.commands[child], f"{name} {child}")]
    help_text = " ".join((command.help or "").split())
    lines = [
        f"- `{_usage(p)}` {getattr(p, 'help', '') or ''}".rstrip() for p in command.params if p.name not in NOT_OURS
    ]
    return [f"## {name}\n\n{help_text}" + ("\n\n" + "\n".join(lines) if lines else "")]


def _usage(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return ", ".join(parameter.opts)
