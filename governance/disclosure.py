"""Disclosure profiles: the numbers of small-number suppression, as data. A policy change is a change of this file.

`threshold` is the smallest number of contributors (distinct people) that may be shown: a cell is suppressed iff
`contributors < threshold`. OpenSAFELY's "redact <= 7" is therefore our 8, ACRO's "< 10" our 10.
"""

from __future__ import annotations

from dataclasses import dataclass

POLICY_VERSION = "2026-11"

#: Release budget of a project unless set otherwise: cells a person may be told in it in one day (UTC). A hard working
#: day is some 200 questions of some 100 cells. It slows combination attacks down and makes them stand out; it does not
#: stop one (docs/explanation/query-guard.md).
CELLS_A_DAY = 20_000


@dataclass(frozen=True)
class DisclosureProfile:
    """One profile. Counts are people unless said otherwise.

    Attributes:
        name: what a project's `profile` says.
        threshold: smallest contributors of a released cell.
        round_to: base that released counts are rounded to (1 = none).
        significant_figures: kept in released sums and means.
        dominance_n, dominance_k: nk-rule, the n largest contributors may hold at most the share k (0-1) of a sum.
        p_ratio: p%-rule, the rest of a sum without its two largest must be at least p of the largest.
        residual_dof: least residual degrees of freedom of a released statistic.
        source: where the numbers come from.
        office_files: xlsx and docx may be submitted (docs/decisions/office-files-by-profile.md).
    """

    name: str
    threshold: int
    round_to: int
    significant_figures: int
    source: str
    dominance_n: int = 2  # this and the next three: ACRO defaults
    dominance_k: float = 0.90
    p_ratio: float = 0.10
    residual_dof: int = 10
    office_files: bool = True

    @property
    def version(self) -> str:
        """Stamped on every answer, review and release."""
        return f"{self.name}/{POLICY_VERSION}"


PROFILES: dict[str, DisclosureProfile] = {
    profile.name: profile
    for profile in (
        DisclosureProfile("nhs-sde", 10, 5, 3, "NHS England SDE output rules; ACRO defaults"),
        DisclosureProfile("opensafely", 8, 5, 3, "OpenSAFELY: redact <= 7, round to 5", office_files=False),
        DisclosureProfile("hes", 8, 5, 3, "HES analysis guide: suppress 1-7, round to 5"),
        DisclosureProfile("sacro", 10, 1, 3, "SACRO/ACRO default risk appetite"),
    )
}
