"""What a project's extract is cut to, as the register says it now: purpose, tables and columns, days, codes, cohort."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from governance.access import check_project_in_force
from governance.catalogue import Catalogue
from governance.cohort import Cohort, write_cohort
from governance.extracts import write_rule
from governance.refusal import Refusal
from governance.registry import GrantRule, grant_rules, live_grants, project_cohort
from governance.roles import ALL_TABLES, Purpose
from governance.store import Store
from intake.cut.cohort import both, check_conditions
from intake.cut.rules import check_rules
from intake.omop import omop_catalogue

#: Raised when the same wish gives another extract than before: live projects are then built again.
CUT_VERSION = 1


@dataclass(frozen=True)
class Wanted:
    """What to build. `catalogue`: granted tables and columns; `digest`: names all of it, the order's cohort too."""

    project: str
    purpose: Purpose
    catalogue: Catalogue
    rules: tuple[GrantRule, ...]
    cohort: Cohort
    digest: str

    def rules_of(self, table: str) -> tuple[GrantRule, ...]:
        """The grants that are about a table."""
        return tuple(rule for rule in self.rules if rule.table in (ALL_TABLES, table))


def read_wanted(store: Store, project: str, also: Cohort | None = None) -> Wanted:
    """As the register says it, narrowed to people who are in `also` too.

    Raises Refusal `nothing-granted`, `grant-inapplicable`, `bad-cohort` and those of `check_project_in_force`.
    """
    everything = omop_catalogue()
    with store.reading() as session:
        purpose = Purpose(check_project_in_force(session, project).purpose)
        granted = everything.cut_to(live_grants(session, project, everything.tables))
        rules = grant_rules(session, project)
        cohort = both(project_cohort(session, project), also or Cohort())
    if not granted.tables:
        raise Refusal(
            "nothing-granted",
            f"No table is granted to {project}.",
            f"Grant tables first: sde grant add {project} --all-tables",
        )
    check_rules(granted, rules)
    check_conditions(cohort)
    return Wanted(project, purpose, granted, rules, cohort, _digest(purpose, granted, rules, cohort))


def _digest(purpose: Purpose, granted: Catalogue, rules: tuple[GrantRule, ...], cohort: Cohort) -> str:
    document: Mapping[str, object] = {
        "version": CUT_VERSION,
        "purpose": purpose,
        "tables": {name: sorted(table.columns) for name, table in granted.tables.items()},
        "rules": sorted(json.dumps({"table": rule.table, **write_rule(rule)}) for rule in rules),
        "cohort": write_cohort(cohort),
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
