"""The planning steps, in order. A new one goes into its own file and into this tuple."""

from __future__ import annotations

from collections.abc import Callable

from query_guard.policy.draft import Draft
from query_guard.policy.steps.check_shape import check_shape
from query_guard.policy.steps.check_text import check_text
from query_guard.policy.steps.classify_flow import classify_flow
from query_guard.policy.steps.parse_statement import parse_statement
from query_guard.policy.steps.read_clauses import read_clauses
from query_guard.policy.steps.resolve_sources import resolve_sources
from query_guard.policy.steps.rewrite_protected import rewrite_protected
from query_guard.policy.steps.rewrite_public import rewrite_public

STEPS: tuple[Callable[[Draft], Draft], ...] = (
    check_text,  # 0
    parse_statement,  # 1
    check_shape,  # 2
    resolve_sources,  # 3
    classify_flow,  # 4
    read_clauses,
    rewrite_public,  # 5
    rewrite_protected,  # 5
)
