"""The receipts behind a request: the author's newest answered queries in the project, for checkers and the manifest."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.policies import limits_for
from governance.store.airlock import EgressRequest
from governance.store.channels import QueryReceipt

ANSWERED = "answered"


def receipts_of(session: Session, request: EgressRequest) -> tuple[QueryReceipt, ...]:
    """Newest first, at most AirlockLimits.receipts_shown. Which table came from which query is not known yet."""
    mine = (QueryReceipt.subject == request.author, QueryReceipt.project_slug == request.project_slug)
    query = select(QueryReceipt).where(*mine, QueryReceipt.verdict == ANSWERED).order_by(QueryReceipt.asked_at.desc())
    return tuple(session.scalars(query.limit(limits_for(session, request).receipts_shown)))
