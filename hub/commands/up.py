"""`sde up`: the whole gateway in the foreground, and what its operator sees of it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from governance.refusal import Refusal
from governance.registry import initialise
from governance.settings import Settings, load_settings
from governance.store import Store
from hub.addresses import check_public_url, is_loopback
from hub.certificate import read_certificate
from hub.demo import count_other_projects, is_empty, load_demo
from hub.levels import check_levels
from hub.limits import find_groups
from hub.platform_choice import find_platform
from hub.provider.accounts import ACCOUNTS
from hub.supervisor.lock import check_no_run, hold_state
from hub.supervisor.supervisor import Supervisor, check_port_free

app = typer.Typer()
console = Console(stderr=True, soft_wrap=True)


@app.command()
def up(
    demo: Annotated[bool, typer.Option(help="load the demonstration into an empty register")] = True,
) -> None:
    """Start the gateway and stay until Ctrl-C, which stops all of it, workspaces too. State is kept.

    Prints `ready: ADDRESS` on standard output once people can sign in; everything else goes to standard error.
    """
    settings = load_settings()
    check_public_url(settings)
    read_certificate(settings)
    check_platform(settings)
    settings.folder.create()
    with hold_state(settings):
        check_port_free(settings)
        store = initialise(settings)
        try:
            check_exposure(settings, store)
            if demo and settings.is_demo and is_empty(store):
                _load_demo(settings)
        finally:
            store.close()
        _remove_stale_sockets(settings)
        with console.status("starting") as status:

            def say_ready() -> None:
                status.stop()
                _say_ready(settings)

            asyncio.run(Supervisor(settings, _tell).run(say_ready))
    _tell("stopped")


def check_platform(settings: Settings) -> None:
    """Raise a Refusal unless workspaces can run as set: `platform-not-installed`, `limits-too-weak`. The limits of this
    machine hold workspaces only where they run on it."""
    find_platform(settings.workspace_platform)
    if settings.workspace_platform == "sandbox":
        check_levels(settings, find_groups(delegate=False))


def check_exposure(settings: Settings, store: Store) -> None:
    """Refuse accounts without passwords on a network in front of real projects (`demo-accounts-exposed`); warn about
    the rest."""
    if not settings.is_demo:
        return
    others, reachable = count_other_projects(store), not is_loopback(settings.host)
    if others and reachable:
        raise Refusal(
            "demo-accounts-exposed", "Anybody on the network could sign in to your projects without a password.",
            "Set SDE_OIDC_ISSUER to your identity provider, or SDE_HOST=127.0.0.1.",
        )  # fmt: skip
    if others or reachable:
        console.print("Demo accounts have no passwords: set SDE_OIDC_ISSUER before real use.", style="bold yellow")


def _load_demo(settings: Settings) -> None:
    with console.status("loading the demonstration") as status:
        load_demo(settings, lambda what: status.update(f"loading the demonstration: {what}"))
    _tell("demonstration loaded")


def _remove_stale_sockets(settings: Settings) -> None:
    """Ours alone, since we hold the state folder: a gateway that was killed left them. Workspaces' own stay."""
    check_no_run(settings)
    for socket in settings.folder.run.glob("*.sock"):
        socket.unlink(missing_ok=True)


def _say_ready(settings: Settings) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_row("Address", f"[bold]{settings.url}[/]")
    if settings.is_demo:
        for number, account in enumerate(ACCOUNTS):
            label = "Demo accounts" if number == 0 else ""
            grid.add_row(label, f"[bold]{account.subject}[/]  {account.name}. {account.about}")
    grid.add_row("Logs", str(settings.folder.logs))
    grid.add_row("Stop", "Ctrl-C stops all of it; the state is kept")
    console.print(Panel(grid, title="SDE Gateway is ready", border_style="green", expand=False))
    typer.echo(f"ready: {settings.url}")


def _tell(line: str) -> None:
    console.print(f"sde: {line}", markup=False, highlight=False)
