"""The lists: an author's own requests, and the queue of everybody who reviews. Each is read page by page."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from egress.airlock import Airlock
from egress.directions import Direction
from egress.inbox import unread_notices
from egress.listing import PAGE, list_for_others, list_own, queue_load, queue_projects
from egress.service.desk import CurrentDesk, CurrentVisitor, run
from egress.service.hub_service import PREFIX
from egress.service.pages import list_projects
from egress.service.rendering_pages import render
from egress.standing import Holder
from egress.statistics import Statistics, check_can_read_statistics, statistics

router = APIRouter(prefix=PREFIX, default_response_class=HTMLResponse)


@router.get("/")
async def get_requests(desk: CurrentDesk, visitor: CurrentVisitor, after: str = "") -> Response:
    """My requests, and how much waits of others."""
    own = await run(list_own, desk.airlock, visitor.subject, after=after)
    load = await run(queue_load, desk.airlock, visitor.subject)
    projects = await run(list_projects, desk.airlock, visitor.subject)
    notices = await run(unread_notices, desk.airlock, visitor.subject) if not after else ()
    shown: dict[str, Any] = {
        "own": own,
        "load": load,
        "projects": projects,
        "is_first": not after,
        "notices": notices,
    }
    return await run(render, desk, visitor, "requests.html", title="Airlock", section="egress", **shown)


@router.get("/queue")
async def get_queue(
    desk: CurrentDesk,
    visitor: CurrentVisitor,
    project: str = "",
    holder: str = "",
    direction: str = "",
    after: str = "",
) -> Response:
    """Requests of others: what waits, the nearest deadline first, then what is over."""
    who = visitor.subject
    wanted = next((one for one in Holder if one.value == holder), None)
    way = next((one for one in Direction if one.value == direction), None)
    asked = partial(list_for_others, desk.airlock, who, project=project or None, holder=wanted, direction=way)
    found = await run(asked, after=after, size=PAGE)
    shown: dict[str, Any] = {
        "listing": found,
        "load": await run(queue_load, desk.airlock, who),
        "projects": await run(queue_projects, desk.airlock, who),
        "holders": tuple(Holder),
        "project": project,
        "holder": wanted.value if wanted else "",
        "direction": way.value if way else "",
        "is_first": not after,
        "onward": urlencode(
            {
                "project": project,
                "holder": wanted.value if wanted else "",
                "direction": way.value if way else "",
                "after": found.next,
            }
        ),
    }
    return await run(render, desk, visitor, "queue.html", title="Review queue", section="review", **shown)


@router.get("/statistics")
async def get_statistics(desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """How the airlock serves its people, for those who run it."""
    found = await run(_read_statistics, desk.airlock, visitor.subject)
    title = "Airlock statistics"
    return await run(render, desk, visitor, "statistics.html", title=title, section="review", found=found)


def _read_statistics(airlock: Airlock, subject: str) -> Statistics:
    with airlock.store.reading() as session:
        check_can_read_statistics(session, subject)
        return statistics(session)
