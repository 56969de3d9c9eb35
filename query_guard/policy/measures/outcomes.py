"""The outcomes of a CASE or FILTER: which arm a row falls into, and the families that count each of them."""

from __future__ import annotations

from dataclasses import dataclass

from query_guard.policy.measures import families
from query_guard.policy.measures.arms import Arm, number_arms
from query_guard.policy.measures.families import Family
from query_guard.policy.measures.requests import Requests
from query_guard.policy.terms import Kind, Term


@dataclass(frozen=True)
class Outcomes:
    """Arms are numbered from 1 in order; 0 is what a FILTER leaves out."""

    requests: Requests
    arms: list[Arm]
    kept: Term | None

    def prefix(self, *numbers: int) -> str:
        """The prefix of the family that counts rows with any of these outcomes."""
        chosen = number_arms(self.arms, self.kept)
        numbered = self.requests.family("branch", chosen, lambda name: Family(rows=((name, chosen.sql),)))
        listed = ", ".join(str(number) for number in numbers)
        test = f"{numbered} = {listed}" if len(numbers) == 1 else f"{numbered} IN ({listed})"
        return self.requests.family("outcome", Term(test, Kind.BOOLEAN), lambda name: families.condition(name, test))
