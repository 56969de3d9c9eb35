"""What may be applied for: the catalogue and its sources, as the intake publishes them in the register. Promise: an
application is checked against what was published last, and against nothing while there is nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.catalogue import Catalogue
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.roles import ALL_TABLES, Role
from governance.store import Store
from governance.store.applications import OfferedData


@dataclass(frozen=True)
class Source:
    """One feed: its name, title, and the tables that its rows reach."""

    name: str
    title: str
    tables: frozenset[str]


@dataclass(frozen=True)
class Offer:
    """Everything that may be applied for."""

    catalogue: Catalogue
    sources: tuple[Source, ...]

    def sources_of(self, tables: Iterable[str]) -> tuple[Source, ...]:
        """The sources that feed any of these tables, by name."""
        wanted = frozenset(tables)
        return tuple(source for source in self.sources if source.tables & wanted or ALL_TABLES in wanted)


def publish_offer(store: Store, *, actor: str, offer: Offer) -> bool:
    """Put what may be applied for on record; False if that is on record already. Raises Refusal `role-missing`."""
    document = json.dumps(
        {
            "catalogue": offer.catalogue.as_dict(),
            "sources": [
                {"name": source.name, "title": source.title, "tables": sorted(source.tables)}
                for source in sorted(offer.sources, key=lambda one: one.name)
            ],
        },
        sort_keys=True,
    )
    digest = hashlib.sha256(document.encode()).hexdigest()
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        held = _newest(session)
        if held is not None and held.sha256 == digest:
            return False
        session.add(OfferedData(sha256=digest, document=document, published_at=now()))
        append_event(session, event="offer.published", actor=actor, detail={"sha256": digest})
    return True


def current_offer(session: Session) -> Offer:
    """What was published last. Raises Refusal `nothing-offered`, `offer-damaged`."""
    held = _newest(session)
    if held is None:
        raise Refusal(
            "nothing-offered", "No catalogue is published yet.", "A data steward publishes it: sde extract offer."
        )
    try:
        told = json.loads(held.document)
        sources = tuple(Source(one["name"], one["title"], frozenset(one["tables"])) for one in told["sources"])
        return Offer(Catalogue.from_dict(told["catalogue"]), sources)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Refusal("offer-damaged", "The published catalogue cannot be read.", "Publish it again.") from None


def _newest(session: Session) -> OfferedData | None:
    return session.scalars(select(OfferedData).order_by(OfferedData.id.desc()).limit(1)).first()
