"""What may be applied for: the model's catalogue, and which feed reaches which table. Promise: a table about people
that no mapping names by itself is taken to come from every feed, so that no controller is left unasked.
"""

from __future__ import annotations

from governance.applications.offered import Offer, Source
from governance.catalogue import TableKind
from intake.feeds import region_feeds
from intake.omop import omop_catalogue
from intake.omop.mapping import BY_DOMAIN, DOMAIN_TABLES, OTHER_DOMAINS, FeedMapping, mappings


def region_offer() -> Offer:
    """The catalogue and the region's feeds."""
    catalogue = omop_catalogue()
    private = frozenset(name for name, table in catalogue.tables.items() if table.kind is TableKind.PRIVATE)
    reached = {feed.name: _reached(mappings()[feed.name]) & private for feed in region_feeds()}
    derived = private - frozenset().union(*reached.values())
    sources = (Source(feed.name, feed.title, reached[feed.name] | derived) for feed in region_feeds())
    return Offer(catalogue, tuple(sources))


def _reached(mapping: FeedMapping) -> frozenset[str]:
    """Tables that rows of the feed may come to lie in."""
    tables = {"person", "observation_period"} if mapping.people else set()
    tables |= {"death"} if mapping.deaths else set()
    for rule in mapping.rows:
        by_domain = {*DOMAIN_TABLES.values(), OTHER_DOMAINS}
        tables |= by_domain if rule.into == BY_DOMAIN else {rule.into}
        tables |= {rule.unmapped} if rule.unmapped else set()
    return frozenset(tables)
