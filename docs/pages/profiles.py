"""The disclosure profiles, from governance.disclosure."""

from __future__ import annotations

from governance.disclosure import CELLS_A_DAY, POLICY_VERSION, PROFILES


def page() -> str:
    """Every profile with its numbers and their source."""
    rows = [
        f"| `{p.name}` | {p.threshold} | {p.round_to} | {p.significant_figures} |"
        f" nk({p.dominance_n}, {p.dominance_k}), p {p.p_ratio} | {p.residual_dof} | {p.source} |"
        for p in PROFILES.values()
    ]
    return (
        f"# Disclosure profiles (policy version {POLICY_VERSION})\n\nA cell is suppressed if and only if fewer than"
        " `threshold` distinct people stand behind it.\n\n| profile | threshold | rounded to | significant figures of"
        " sums and means | dominance | least degrees of freedom | source |\n|---|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n\n## Release budget\n\nWhatever the profile, a project allows each member a number of cells (numbers about"
        f" people) a day, UTC: {CELLS_A_DAY:,} unless `sde project set SLUG --budget-cells N` says otherwise."
    )
