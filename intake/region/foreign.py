"""The story of a foreign feed: what was accepted of it becomes OMOP tables of its own, to be adopted by a project.

Promise: its people never join the region's; what breaks the model's rules is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from governance.audit import Detail, append_event
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.registry.deliveries import accepted_deliveries
from governance.roles import Role
from governance.settings import Settings
from governance.store import Store
from intake.feeds import find_feed
from intake.harmonise import HarmoniseReport, harmonise_foreign
from intake.omop.conformance import ConformanceReport
from intake.progress import Progress
from intake.region.site import building_site, only_builder
from intake.region.story import check_tables


@dataclass(frozen=True)
class ForeignReport:
    """What was built. `folder` holds a folder for each table and can be given to `sde extract adopt`."""

    folder: Path
    harmonised: HarmoniseReport
    conformance: ConformanceReport


def build_foreign(
    settings: Settings, store: Store, feed: str, *, actor: str, progress: Progress = lambda *_: None
) -> ForeignReport:
    """Harmonise every accepted delivery of a foreign feed, in place of what was built of it before.

    Raises Refusal `no-deliveries`, `not-foreign`, `no-such-feed`, `not-conformant`, `region-busy`, `role-missing`.
    """
    place = settings.folder.foreign
    with store.reading() as session:
        deliveries = [delivery for delivery in accepted_deliveries(session) if delivery.feed == feed]
    with only_builder(place), building_site(place) as site:
        if not find_feed(feed).region and not deliveries:
            raise Refusal("no-deliveries", "Nothing of this feed has been accepted yet.", "Land it: sde delivery land")
        harmonised = harmonise_foreign(settings, feed, deliveries, site / feed, progress=progress)
        progress("checking conformance", 0, 1)
        conformance = check_tables(settings, site / feed, site)
        conformance.refuse_if_failed()
        with store.transaction() as session:
            check_can_change(session, actor, Role.DATA_STEWARD)
            detail: Detail = {"feed": feed, "people": harmonised.people, "rows": harmonised.rows}
            append_event(session, event="foreign.harmonised", actor=actor, detail=detail)
            if (place / feed).exists():
                (place / feed).rename(site / "before")
            (site / feed).rename(place / feed)
    return ForeignReport(place / feed, harmonised, conformance)
