"""What compiling one query gives: its text and what is known of the relation that it makes."""

from __future__ import annotations

from dataclasses import dataclass

from query_guard.policy.relations.build import Written
from query_guard.policy.relations.relation import Relation


@dataclass(frozen=True)
class Compiled:
    """`relation` has no name yet: a root is executed as it stands, anything else is named by `Build.define`."""

    body: Written
    relation: Relation
