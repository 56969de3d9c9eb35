"""Shows a person how far long work is, on standard error, so that answers on standard output stay clean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as ProgressBar

from intake.progress import Progress


@contextmanager
def progress_bar(begins_with: str) -> Iterator[Progress]:
    """A bar that is gone when the work has ended. `begins_with`: what is being done until the work tells more."""
    with ProgressBar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(begins_with, total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
