"""Stages 0-5, 8 and 10 of the guard: what a query may ask, how it is rewritten, what of its result may be shown."""

from query_guard.policy.codes import CODES
from query_guard.policy.finish import finish
from query_guard.policy.plan import Answer, Flow, Plan, Protected, Step, StepKind
from query_guard.policy.planning import plan_query
from query_guard.policy.protect import protect

__all__ = ["CODES", "Answer", "Flow", "Plan", "Protected", "Step", "StepKind", "finish", "plan_query", "protect"]
