"""The scorecard against SATRE, the Standard Architecture for Trusted Research Environments (version 2)."""

from governance.satre.card import Line, draw_card, score
from governance.satre.results import NO_RESULTS, Results, read_results
from governance.satre.statements import Statement, read_statements

__all__ = [
    "NO_RESULTS",
    "Line",
    "Results",
    "Statement",
    "draw_card",
    "read_results",
    "read_statements",
    "score",
]
