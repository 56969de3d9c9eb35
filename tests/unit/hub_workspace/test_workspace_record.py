"""What the hub remembers of a workspace names nobody after the machine was started again."""

from __future__ import annotations

import os
import signal

from hub.limits import Group
from hub.processes import Process
from hub.sandbox_process import Sandbox
from hub.workspace_record import Record, record_of
from hub.workspace_start import Started


def test_after_another_start_of_the_machine_the_same_numbers_are_somebody_else() -> None:
    ourselves = Process.of(os.getpid())
    assert ourselves is not None
    record = Record(Started(Sandbox(ourselves, ourselves), Group(())), "channel", 7)
    state = record.as_state()
    assert record_of(state).started.sandbox.is_running
    later = record_of({**state, "boot": "another"}).started.sandbox
    assert not later.is_running
    later.outer.send(signal.SIGKILL)  # we are still here
    assert record_of({**state, "boot": "another"}).channel == "channel"
