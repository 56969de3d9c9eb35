"""plan_query: the steps one after the other. Whatever goes wrong unexpectedly is a refusal of one constant text."""

from __future__ import annotations

import logging

from governance.catalogue import Catalogue
from governance.disclosure import DisclosureProfile
from governance.refusal import Refusal
from query_guard.policy.draft import Draft
from query_guard.policy.plan import Plan
from query_guard.policy.refusing import refuse
from query_guard.policy.steps import STEPS

_log = logging.getLogger(__name__)


def plan_query(sql: str, catalogue: Catalogue, profile: DisclosureProfile) -> Plan:
    """Plan one query of a project.

    Args:
        sql: the caller's text, any text at all.
        catalogue: the project's tables and columns, already cut to its live grants.
        profile: the disclosure profile whose threshold the plan is made for.

    Raises:
        Refusal: the query is outside the policy (see `codes.CODES`), or planning failed (`guard-failed`).
    """
    draft = Draft(sql, catalogue, profile)
    try:
        for step in STEPS:
            draft = step(draft)
    except Refusal:
        raise
    except RecursionError:
        raise refuse("too-complex") from None
    except Exception as error:  # fail closed; only the type is logged, because the text may hold the caller's literals
        _log.error("guard.planning_failed type=%s", type(error).__name__)
        raise refuse("guard-failed") from None
    assert draft.plan is not None, "the two rewriting steps cover both flows"
    return draft.plan
