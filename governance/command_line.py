"""The one entry point `sde`: finds each room's commands by entry point and loads only the one that is called.

Exit codes, for every command: 0 done; 1 refused (the register or a policy says no); 2 wrong usage; 3 something else
went wrong (a bug or the machine); 130 interrupted. A stack trace is never shown: it could hold a value.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup

from governance.refusal import Refusal

GROUP = "sde.commands"
EXIT_REFUSED, EXIT_FAILED, EXIT_INTERRUPTED = 1, 3, 130

RUNNING, REGISTER, DATA, RESULTS = "Running", "Register", "Data and queries", "Results"
#: What `sde --help` says of each command, in order, so that it need not load any room. (name, panel, summary)
SUMMARIES: tuple[tuple[str, str, str], ...] = (
    ("init", RUNNING, "Create the state folder, the register and its keys."),
    ("up", RUNNING, "Start the whole gateway in the foreground."),
    ("doctor", RUNNING, "What isolation, limits and versions are in force."),
    ("backup", RUNNING, "Copy the register, its proofs and the airlock's files."),
    ("restore", RUNNING, "Put a backup back into an empty place, proven."),
    ("demo", RUNNING, "The demonstration's people, projects and data."),
    ("workspace", RUNNING, "Run a command in a project's sandbox."),
    ("person", REGISTER, "Register people, give roles, suspend and restore."),
    ("organisation", REGISTER, "Register organisations and the agreements with them."),
    ("training", REGISTER, "Record the training people have taken."),
    ("application", REGISTER, "Applications for projects: write, hand in, read."),
    ("review-group", REGISTER, "Who votes on applications, by which rule."),
    ("project", REGISTER, "Create projects and change them."),
    ("member", REGISTER, "Say who works in which project, until when."),
    ("grant", REGISTER, "Say which tables and columns a project may name."),
    ("stop", REGISTER, "Stop all egress, a project or a person at once."),
    ("resume", REGISTER, "Resume what was stopped; somebody else than who stopped it."),
    ("register", REGISTER, "Copy the public register of data uses into files."),
    ("incident", REGISTER, "Incidents: what went wrong after a release."),
    ("satre", REGISTER, "The scorecard: each statement with its evidence."),
    ("manifest", REGISTER, "Projects, members and data sources as manifests, in and out."),
    ("audit", REGISTER, "Verify the audit chain, read and export it; the monitoring's alarms."),
    ("synth", DATA, "Make a synthetic region of six feeds."),
    ("region", DATA, "Link and harmonise what was delivered, in versions."),
    ("extract", DATA, "Make an existing database a project's read-only extract."),
    ("keeper", DATA, "What the keeper looks after, and what it warns of."),
    ("optout", DATA, "People's opt-outs and the national check service."),
    ("key", DATA, "Keys of pseudonymisation: list, rotate, destroy, verify."),
    ("reidentify", DATA, "Sealed requests to learn who somebody is; closed by default."),
    ("delivery", DATA, "Land the feeds' files: check, stage, accept or reject."),
    ("vocabulary", DATA, "The vocabularies that codes are mapped with."),
    ("link", DATA, "How people are linked, and a steward's word on it."),
    ("guard", DATA, "Answer queries as a workspace would get them."),
    ("feasibility", DATA, "Protected counts for somebody who has no project yet."),
    ("check", RESULTS, "Check files before asking to take them out."),
    ("airlock", RESULTS, "Serve the airlock."),
    ("release", RESULTS, "Prove a release offline; list releases."),
)


class RoomCommands(TyperGroup):
    """A command group whose members are the entry points of `GROUP`, loaded when called; help loads none of them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        points = {point.name: point for point in entry_points(group=GROUP)}
        order = [name for name, _, _ in SUMMARIES if name in points]
        order += sorted(set(points) - set(order))
        self.commands = {name: _summarise(points[name]) for name in order}

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of `SUMMARIES`, then the rest."""
        del ctx
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """The called command, loaded. Raises a usage error that suggests near names, or `UnavailableError`."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, load_command(str(name)), rest


class UnavailableError(Exception):
    """A room's command that cannot be loaded."""


def _summarise(point: EntryPoint) -> TyperCommand:
    known = {name: (panel, summary) for name, panel, summary in SUMMARIES}
    panel, summary = known.get(point.name, (None, ""))
    if not _is_installed(point.module):
        summary = f"{summary} (unavailable)".strip()
    return TyperCommand(point.name, help=summary, rich_help_panel=panel)


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:
        return False


def load_command(name: str) -> Any:
    """The command of that name with all its subcommands. Raises UnavailableError if its room cannot be loaded."""
    from governance.logs import log_to_stderr  # here, because help needs no logs

    log_to_stderr()
    (point,) = entry_points(group=GROUP, name=name)
    try:
        application = getattr(import_module(point.module), point.attr)
    except (ImportError, AttributeError) as error:
        cause = f"{type(error).__name__}: {error.name}" if error.name else type(error).__name__
        raise UnavailableError(f"`sde {name}` cannot be loaded ({cause}).") from error
    command = typer.main.get_command(application)
    command.name = name
    return command


sde = typer.Typer(
    cls=RoomCommands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


@sde.callback()
def _sde() -> None:
    """SDE Gateway: a secure analysis workspace gateway.

    SDE_STATE names the state folder (default ./var).
    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 failed, 130 interrupted.
    """


def main() -> None:
    """Run one command; a refusal is printed as text, never as a stack trace."""
    try:
        sde(prog_name="sde")
    except Refusal as refusal:
        _say(str(refusal))
        sys.exit(EXIT_REFUSED)
    except Exception as error:
        if isinstance(error, RuntimeError) and "interrupt" in str(error).lower():  # an engine's word for Ctrl-C
            sys.exit(EXIT_INTERRUPTED)
        _say(f"[failed] {_explain(error)} `sde doctor` may tell more.")
        sys.exit(EXIT_FAILED)


def _explain(error: Exception) -> str:
    """What may be said of an unexpected failure: the machine's own words for files, else only the kind of error."""
    if isinstance(error, UnavailableError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}." if error.filename else f"{error.strerror}."
    if type(error).__module__.startswith("sqlalchemy") and type(error).__name__ == "OperationalError":
        return "The register is busy, read-only or cannot be opened."
    return f"Unexpected {type(error).__name__}."


def _say(text: str) -> None:
    Console(stderr=True, soft_wrap=True).print(text, style="red", markup=False, highlight=False)
