"""`sde demo`: load the demonstration, begin it anew, run its identity provider."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from governance.refusal import Refusal
from governance.registry import initialise
from governance.settings import load_settings
from hub.demo import check_can_reset, load_demo, remove_state
from hub.sandbox_process import end_all_leftovers
from hub.supervisor.lock import hold_state

app = typer.Typer(no_args_is_help=True, help="The demonstration: made-up people, synthetic data, no passwords.")
console = Console(stderr=True, soft_wrap=True)


@app.command()
def load() -> None:
    """Add what is missing of the demonstration's people, projects and extracts. What exists is left alone."""
    settings = load_settings()
    initialise(settings).close()
    with console.status("loading the demonstration") as status:
        load_demo(settings, lambda what: status.update(f"loading the demonstration: {what}"))
    console.print("The demonstration is loaded. Start it with `sde up`.")


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Remove everything in this state folder (register, extracts, homes, releases, audit, keys) and load the
    demonstration again. Refused while the gateway runs, and where there is any project of yours."""
    settings = load_settings()
    settings.folder.create()
    with hold_state(settings):
        check_can_reset(settings)
        if not yes and not typer.confirm(f"Remove everything in {settings.folder.root}?", err=True):
            raise Refusal("not-confirmed", "Nothing was changed.", "Answer yes, or give --yes.")
        end_all_leftovers(settings.folder.run)  # a gateway that was killed leaves its workspaces running
        remove_state(settings)
        load()


@app.command(hidden=True)
def provider() -> None:
    """Run the demonstration's identity provider (`sde up` does)."""
    from hub.provider.serve import serve_provider  # heavy, and needed by this command only

    serve_provider(load_settings())
