"""How long `sde up` takes until people can sign in: the first time, and with everything there already.

    python -m benchmarks.start [ROUNDS]

Goals: the first start under 60 s, a later one under 10 s. The baseline of the same run is what JupyterHub alone needs
to be imported, twice: nothing that runs a hub can start sooner than the first of them, and the gateway's five other
processes are imported beside it. On a busy machine read the ratio rather than the seconds.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.support.gateway import Gateway

FIRST_GOAL_SECONDS, LATER_GOAL_SECONDS = 60.0, 10.0
ROUNDS = 3


def import_hub() -> float:
    """Seconds for a Python that imports JupyterHub and ends."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import jupyterhub.app"], check=True)
    return time.monotonic() - began


def sign_in(gateway: Gateway) -> float:
    """Seconds from the address to the portal: six redirects, two OAuth rounds, one click."""
    began = time.monotonic()
    gateway.sign_in("researcher-a").close()
    return time.monotonic() - began


def processor_seconds() -> float:
    """Used so far by every process that this one has started and that has ended, and by theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def stop(gateway: Gateway) -> float:
    """Seconds until nothing runs any more."""
    began = time.monotonic()
    gateway.stop()
    return time.monotonic() - began


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else ROUNDS
    hub, later, signed, stopped, worked = [import_hub()], [], [], [], []
    with tempfile.TemporaryDirectory(prefix="sde-") as folder:
        gateway = Gateway(Path(folder) / "state")
        first = gateway.start().started_in
        stop(gateway)
        for _ in range(rounds):
            hub.append(import_hub())
            before = processor_seconds()
            later.append(gateway.start().started_in)
            signed.append(sign_in(gateway))
            stopped.append(stop(gateway))
            worked.append(processor_seconds() - before)
    table = Table(title=f"`sde up`, {rounds} later starts, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for heading in ("", "seconds (median)", "goal", "times the import of JupyterHub"):
        table.add_column(heading, justify="right" if heading else "left")
    base = median(hub)
    for name, seconds, goal in (
        ("import of JupyterHub alone", base, ""),
        ("first start, demonstration loaded", first, f"{FIRST_GOAL_SECONDS:.0f}"),
        ("later start", median(later), f"{LATER_GOAL_SECONDS:.0f}"),
        ("  processor time of all its processes", median(worked), ""),
        ("sign-in to portal", median(signed), ""),
        ("Ctrl-C to nothing left", median(stopped), ""),
    ):
        table.add_row(name, f"{seconds:.2f}", goal, f"{seconds / base:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
