"""Work of the night: the search for three answers that together single people out, in a process of its own.

Promise: it has the lowest priority and ends with the gateway; what it finds is in the audit log and on the console.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, time, timedelta

from governance.clock import now
from governance.settings import Settings
from hub.supervisor.child import Child, Program
from hub.supervisor.logs import turn_over
from hub.supervisor.programs import night_program

AT = time(2, 30)  # UTC; few people ask then, and the day that is searched is over


async def search_each_night(settings: Settings, tell: Callable[[str], None]) -> None:
    """Once a night, until cancelled."""
    while True:
        await asyncio.sleep(seconds_until(AT, now()))
        await search_once(night_program(settings), tell)


async def search_once(program: Program, tell: Callable[[str], None]) -> None:
    """Run it to its end, and tell if somebody should look."""
    turn_over(program.log)
    child = await Child.start(program)
    try:
        status = await child.process.wait()
    finally:
        await child.stop(grace=0.0)
    if status:
        tell(f"the search for combined answers wants somebody to look: alarms in the audit log, and {program.log}")


def seconds_until(at: time, moment: datetime) -> float:
    """Seconds from a moment (UTC) to the next time the clock shows `at`; never 0."""
    wanted = datetime.combine(moment.date(), at, moment.tzinfo)
    if wanted <= moment:
        wanted += timedelta(days=1)
    return (wanted - moment).total_seconds()
