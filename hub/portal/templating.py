"""Opens the portal's templates: the pages', and the look that the whole gateway shares. Everything is escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from governance.look import LOOK_FOLDER
from hub.portal import words

TEMPLATES = Path(__file__).resolve().parent / "templates"
PREFIX = "/services/portal"


def open_templates() -> Environment:
    """The environment of every page; a name that a page was not given is an error."""
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES, LOOK_FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=words, portal=PREFIX)
    return environment
