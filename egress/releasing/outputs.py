"""What an author's own ACRO session said of one output: carried beside the airlock's findings, never instead of them.

The classes of outputs are the fourteen "statbarns" of the SACRO project (https://www.w3id.org/statbarnsdc).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Statbarn(StrEnum):
    """A class of statistical outputs whose disclosure risks are alike."""

    CALCULATED_RATIOS = "CalculatedRatios"
    CLUSTERS = "Clusters"
    CORRELATION_COEFFICIENTS = "CorrelationCoefficients"
    ENDPOINTS = "Endpoints"
    FREQUENCIES = "Frequencies"
    GINI_COEFFICIENT = "GiniCoefficient"
    HAZARD_SURVIVAL_TABLES = "HazardSurvivalTables"
    LINEAR_AGGREGATIONS = "LinearAggregations"
    LINKED_MULTILEVEL_TABLES = "LinkedMultilevelTables"
    MODE = "Mode"
    NON_LINEAR_CONCENTRATION_RATIOS = "NonLinearConcentrationRatios"
    POSITION = "Position"
    SHAPE = "Shape"
    STATISTICAL_HYPOTHESIS_TESTS = "StatisticalHypothesisTests"


#: ACRO's types and methods -> class. What is not here has none: nobody guesses.
CLASSES: Mapping[str, Statbarn] = {
    "crosstab": Statbarn.FREQUENCIES,
    "histogram": Statbarn.FREQUENCIES,
    "pie chart": Statbarn.FREQUENCIES,
    "pivot_table": Statbarn.LINEAR_AGGREGATIONS,
    "surv_func": Statbarn.HAZARD_SURVIVAL_TABLES,
    "survival plot": Statbarn.HAZARD_SURVIVAL_TABLES,
    "survival table": Statbarn.HAZARD_SURVIVAL_TABLES,
    "ols": Statbarn.CORRELATION_COEFFICIENTS,
    "olsr": Statbarn.CORRELATION_COEFFICIENTS,
    "logit": Statbarn.CALCULATED_RATIOS,
    "logitr": Statbarn.CALCULATED_RATIOS,
    "probit": Statbarn.CORRELATION_COEFFICIENTS,
    "probitr": Statbarn.CORRELATION_COEFFICIENTS,
}


@dataclass(frozen=True)
class AuthorsWord:
    """ACRO's words for one file, as the author's session wrote them: its output, type, method, status and texts."""

    uid: str
    output_type: str
    method: str
    status: str
    summary: str = ""
    command: str = ""
    exception: str = ""
    comments: tuple[str, ...] = ()

    @property
    def statbarn(self) -> str:
        """The class of the output; empty if neither method nor type tells."""
        return str(CLASSES.get(self.method) or CLASSES.get(self.output_type) or "")
