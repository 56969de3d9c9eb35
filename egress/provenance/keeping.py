"""Remembers the tables that leave. Promise: of two tables too near to each other, the second does not leave unseen,
even if both were in review when neither had left.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.ballots import live_outputs
from egress.provenance.earlier import is_too_near
from egress.provenance.judging import STRICTEST
from egress.provenance.records import unpack_record
from governance.refusal import Refusal
from governance.store.airlock import EgressRequest
from governance.store.answers import EgressMatch, ReleasedTable


def keep_released(session: Session, request: EgressRequest, released_at: datetime) -> None:
    """Keep the tables of a request, in the transaction of its release, to hold later ones against them.

    Raises Refusal `near-earlier-release` if one that left since this request was screened comes too near to it.
    """
    names = {file.id: file.name for file in live_outputs(request)}
    query = select(EgressMatch).where(EgressMatch.file_id.in_(names), EgressMatch.turn == request.turn)
    for row in session.scalars(query.order_by(EgressMatch.id)).all():
        _check_since(session, request, row)
        session.add(
            ReleasedTable(
                request_id=request.id,
                project_slug=request.project_slug,
                file_name=names[row.file_id],
                place=row.place,
                cut=row.cut,
                released_at=released_at,
                content=row.content,
            )
        )


def _check_since(session: Session, request: EgressRequest, row: EgressMatch) -> None:
    """What left before the turn was screened has been judged; a controller may have let it pass."""
    new = unpack_record(row.content)
    here = ((ReleasedTable.cut == row.cut) & (row.cut != "")) | (ReleasedTable.project_slug == request.project_slug)
    query = select(ReleasedTable).where(here, ReleasedTable.released_at >= request.submitted_at)
    query = query.where(ReleasedTable.request_id.not_in([request.id, *new.earlier]))
    for other in session.scalars(query):
        if row.cut in (other.cut, "") and is_too_near(new, unpack_record(other.content), STRICTEST):
            raise Refusal(
                "near-earlier-release",
                "While it was reviewed, a table left that differs from one of this request by too few people.",
                "Return the request, so that it is screened again.",
            )
