"""What an extract is cut from, seen the same way whether it is the region or another OMOP database. Promise: a source
says how opt-outs were applied to it, or it is no source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from governance.refusal import Refusal
from governance.registry.validation import check_name
from governance.roles import ExtractOrigin, Purpose
from intake.sources import SourceTable, attach_source, digest_source, quote_text

#: A feed that is not known stands behind all others.
LAST_PLACE = 99
#: Reasons are numbered from 1 in their order; this one is of rows of a feed that nobody knows: they may not be used.
UNKNOWN_FEED, UNKNOWN_FEED_WORD = 15, "unknown_feed"
KIND_BITS = 4  # of a reason's number


@dataclass(frozen=True)
class Source:
    """An opened source.

    Attributes:
        name: for the manifest.
        cut: 64 hexadecimal digits that name the data cut: people of one cut have the same marks in every project.
        tables: by lowercase name.
        origin: the region, or adopted from elsewhere.
        opt_outs: how opt-outs were applied: a steward's statement, or which version and rules.
        feeds: if each row says its feed (`source_feed`), the feeds, most trusted first; `person`, `death` and
            `observation_period` then have a row for each person and feed. Empty: one row, no feed.
        denied: relation (person_id, source_feed, kind) of what may not be used; empty if there is none.
        kinds: the reasons that may stand in `denied`, in the order in which the first is named.
        unlinked: rows that belong to nobody known and were left out before.
        region_version, opt_out_version: of the region only.
    """

    name: str
    cut: str
    tables: Mapping[str, SourceTable]
    origin: ExtractOrigin
    opt_outs: str
    feeds: tuple[str, ...] = ()
    denied: str = ""
    kinds: tuple[str, ...] = ()
    unlinked: int = 0
    region_version: str = ""
    opt_out_version: str = ""

    @property
    def known_feeds_sql(self) -> str:
        """The feeds as a list for IN."""
        return f"({', '.join(map(quote_text, self.feeds))})"

    def kind_word(self, number: int) -> str:
        """A reason by its number."""
        return UNKNOWN_FEED_WORD if number == UNKNOWN_FEED else self.kinds[number - 1]

    def kind_sql(self, feed: str, kind: str) -> str:
        """The number of the reason why a row may not be used, 0 if it may; `kind` (SQL) is NULL where none is known."""
        return f"(CASE WHEN {feed} IN {self.known_feeds_sql} THEN coalesce({kind}, 0) ELSE {UNKNOWN_FEED} END)"

    def closed_sql(self, feed: str, closed: str) -> str:
        """The same from a person's packed reasons (`closed`: KIND_BITS for each feed, in the order of trust)."""
        if not self.feeds:
            return "0"
        mask = (1 << KIND_BITS) - 1
        places = " ".join(
            f"WHEN {quote_text(name)} THEN ({closed} >> {KIND_BITS * place}) & {mask}"
            for place, name in enumerate(self.feeds)
        )
        return f"(CASE {feed} {places} ELSE {UNKNOWN_FEED} END)"

    def feed_place_sql(self, feed: str) -> str:
        """The place of a feed (SQL) in the order of trust, from 0."""
        places = " ".join(f"WHEN {quote_text(name)} THEN {place}" for place, name in enumerate(self.feeds))
        return f"(CASE {feed} {places} ELSE {LAST_PLACE} END)"


class SourceMaker(Protocol):
    """Opens a source over the connection that cuts from it."""

    def open(self, connection: duckdb.DuckDBPyConnection, purpose: Purpose) -> Source:
        """Make the tables readable, and what is denied for this purpose known. Raises Refusal."""


@dataclass(frozen=True)
class AdoptedDatabase:
    """An OMOP database from elsewhere. It has no NHS numbers to hold against opt-outs, so somebody must say how they
    were applied to it. `opt_outs`: that statement, e.g. "synthetic data"."""

    path: Path
    opt_outs: str

    def open(self, connection: duckdb.DuckDBPyConnection, purpose: Purpose) -> Source:
        """Raises Refusal `opt-outs-unknown` and those of `attach_source`. A statement holds for every purpose."""
        del purpose
        if not self.opt_outs.strip():
            raise Refusal(
                "opt-outs-unknown",
                "Nobody has said how opt-outs were applied to this source.",
                'Say so: --opt-outs "synthetic data", or who removed opted-out people and when.',
            )
        statement = check_name(self.opt_outs, "opt-out statement")
        tables = attach_source(connection, self.path)
        return Source(self.path.name, digest_source(self.path), tables, ExtractOrigin.ADOPTED, statement)
