"""`sde init`: the state folder, the register and its keys. Promise: run again, it changes nothing that exists."""

from __future__ import annotations

import typer

from governance.commands.presenting import say

app = typer.Typer()


@app.command()
def init() -> None:
    """Create the state folder, the register and its keys, or bring an older register up to date.

    Safe to run again: nothing that exists is overwritten.
    """
    from governance.audit import read_head
    from governance.registry import initialise
    from governance.settings import load_settings

    settings = load_settings()
    existed = settings.folder.register.exists()
    store = initialise(settings)
    with store.reading() as session:
        events = read_head(session).seq
    say(f"State folder  {settings.folder.root}")
    say(f"Register      {settings.register_place} ({'kept' if existed else 'ready'}, {events} audit events)")
    say(f"Signing key   {store.signing_key} (keep a copy elsewhere: without it nothing can be changed or proven)")
