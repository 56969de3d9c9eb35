"""Which kinds of identifiers may be keyed, and which of them may ever be asked for an extract. Promise: what is not on
the list has no key, and no keyed form of a postcode or a date of birth can reach an extract.

A keyed postcode or date of birth has so few values that who holds a few known people could read the whole code book.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from governance.refusal import Refusal


@dataclass(frozen=True)
class Domain:
    """One kind of identifier; each has a key of its own in each project."""

    name: str
    what: str
    in_extracts: bool


DOMAINS: Mapping[str, Domain] = MappingProxyType(
    {
        domain.name: domain
        for domain in (
            Domain("person", "the person spine's number, or the source's own where a database is adopted", True),
            Domain("visit_occurrence", "visits, which other tables refer to", True),
            Domain("visit_detail", "parts of visits, which other tables refer to", True),
            Domain("nhs_number", "NHS numbers", False),
            Domain("postcode", "postcodes", False),
            Domain("date_of_birth", "dates of birth", False),
        )
    }
)
EXTRACT_DOMAINS = tuple(domain.name for domain in DOMAINS.values() if domain.in_extracts)


def check_domain(name: str) -> Domain:
    """The domain of that name. Raises Refusal `no-such-domain`."""
    try:
        return DOMAINS[name]
    except KeyError:
        raise Refusal(
            "no-such-domain", "There is no key for such identifiers.", f"Domains: {', '.join(DOMAINS)}."
        ) from None


def check_extract_domain(name: str) -> Domain:
    """A domain whose pseudonyms an extract may hold. Raises Refusal `no-such-domain`, `domain-not-in-extracts`."""
    domain = check_domain(name)
    if not domain.in_extracts:
        raise Refusal(
            "domain-not-in-extracts",
            f"An extract never holds pseudonyms of {domain.what}.",
            f"Extracts may hold: {', '.join(EXTRACT_DOMAINS)}.",
        )
    return domain
