"""What planted requests showed: to a checker their own answers, to administrators and auditors everybody's."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from egress.airlock import Airlock
from egress.calibration.results import (
    PlantRow,
    Score,
    check_can_read_results,
    own_results,
    plants,
    scores,
)
from egress.service.desk import CurrentDesk, CurrentVisitor, run
from egress.service.hub_service import PREFIX
from egress.service.rendering_pages import render
from governance.access import can
from governance.calibration import may_be_calibrated

router = APIRouter(prefix=PREFIX, default_response_class=HTMLResponse)


@dataclass(frozen=True)
class _Everybodys:
    """What only those may read who are given no planted requests themselves."""

    scores: tuple[Score, ...]
    plants: tuple[PlantRow, ...]


@router.get("/calibration")
async def get_calibration(desk: CurrentDesk, visitor: CurrentVisitor, shown: str = "") -> Response:
    """How you did, or how everybody did. `shown`: the planted request just voted on."""
    found = await run(_read_everybodys, desk.airlock, visitor.subject)
    if found is not None:
        title = "Calibration of output checkers"
        return await run(render, desk, visitor, "calibration.html", title=title, section="review", found=found)
    score, answers = await run(own_results, desk.airlock, visitor.subject)
    newest = next((answer for answer in answers if answer.request == shown), None)
    return await run(
        render,
        desk,
        visitor,
        "own_calibration.html",
        title="How you did",
        section="review",
        score=score,
        answers=answers,
        newest=newest,
    )


def _read_everybodys(airlock: Airlock, viewer: str) -> _Everybodys | None:
    """None for an output checker who may read no results but their own. Raises those of check_can_read_results."""
    with airlock.store.reading() as session:
        if may_be_calibrated(session, viewer) and not can(check_can_read_results, session, viewer):
            return None
        check_can_read_results(session, viewer)
        return _Everybodys(scores(session), plants(session))
