"""The linking rules in order: the first that finds a person decides (NHS England's person_id works in such steps too).

Rank 0 is a steward's decision and rank 5 nobody; both are made elsewhere (`intake.linkage.decisions`,
`intake.linkage.pipeline`).
"""

from intake.linkage.rules.name_birth_address import NAME_BIRTH_ADDRESS
from intake.linkage.rules.number_and_birth import NUMBER_AND_BIRTH
from intake.linkage.rules.number_and_parts import NUMBER_AND_PARTS
from intake.linkage.rules.probable import PROBABLE
from intake.linkage.rules.rule import Rule, apply_rule, create_hits, open_asked

DECIDED, NOBODY = 0, 5
#: Those that also find people whom no practice knows.
PLAIN_RULES: tuple[Rule, ...] = (NUMBER_AND_BIRTH, NUMBER_AND_PARTS, NAME_BIRTH_ADDRESS)
RULES: tuple[Rule, ...] = (*PLAIN_RULES, PROBABLE)

__all__ = ["DECIDED", "NOBODY", "PLAIN_RULES", "RULES", "Rule", "apply_rule", "create_hits", "open_asked"]
