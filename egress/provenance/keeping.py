"""Remembers the tables that leave. Promise: of two tables too near to each other, the second does not leave unseen,
even if both were in review when neither had left.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from egress.ballots import live_outputs
from egress.provenance.earlier import Said, is_too_near, may_be_of_one_cut, said_in
from egress.provenance.judging import MOST_EARLIER, STRICTEST
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
    query = _released_here(request, row).where(ReleasedTable.released_at >= request.submitted_at)
    query = query.where(ReleasedTable.request_id.not_in([request.id, *new.earlier]))
    since = [unpack_record(other.content) for other in session.scalars(query) if may_be_of_one_cut(row.cut, other.cut)]
    near = [old for old in since if is_too_near(new, old, STRICTEST)]
    if not near:  # nearly always, so that the rest need not be read
        return
    left = _said_before(session, request, row)
    if any(is_too_near(new, old, STRICTEST, left) for old in near):
        raise Refusal(
            "near-earlier-release",
            "While it was reviewed, a table left that differs from one of this request by too few people.",
            "Return the request, so that it is screened again.",
        )


def _said_before(session: Session, request: EgressRequest, row: EgressMatch) -> frozenset[Said]:
    """What other requests' tables have said of which sets: saying it again tells nothing new."""
    query = _released_here(request, row).where(ReleasedTable.request_id != request.id)
    newest = session.scalars(query.order_by(ReleasedTable.id.desc()).limit(MOST_EARLIER))
    records = (unpack_record(old.content) for old in newest if may_be_of_one_cut(row.cut, old.cut))
    return frozenset[Said]().union(*map(said_in, records))


def _released_here(request: EgressRequest, row: EgressMatch) -> Select[ReleasedTable]:
    """Tables that left from the same cut, or from the same project."""
    of_cut = (ReleasedTable.cut == row.cut) & (row.cut != "")
    return select(ReleasedTable).where(of_cut | (ReleasedTable.project_slug == request.project_slug))
