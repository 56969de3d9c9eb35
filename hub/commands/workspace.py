"""`sde workspace`: run a command in a workspace's sandbox, without a running hub."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Workspaces: run a command in a workspace's sandbox.")


@app.callback()
def _workspace() -> None:
    """Keeps `run` a command of its own while it is the only one."""


@app.command()
def run(
    project: Annotated[str, typer.Argument(help="Slug of the project.")],
    command: Annotated[list[str], typer.Argument(metavar="-- CMD...", help="The command, after `--`.")],
    subject: Annotated[str, typer.Option("--as", metavar="USER", help="Subject of the person whose workspace it is.")],
    image: Annotated[str, typer.Option(help="The workspace image: python or r.")] = "python",
) -> None:
    """Run a command in exactly the sandbox that the spawner uses, with the same home folder and the same approval.

    Standard streams and the exit code are the command's own. Where the gateway is not running, guard and airlock are
    started for as long as the command runs. Ctrl-C ends all of it. The run is audited under the operator's name.
    """
    from governance.commands.presenting import open_register
    from governance.registry import operator
    from governance.settings import load_settings
    from hub.workspace_run import RunRequest, run_in_workspace

    settings = load_settings()
    request = RunRequest(operator(), subject, project, tuple(command), image)
    raise typer.Exit(run_in_workspace(settings, open_register(), request))
