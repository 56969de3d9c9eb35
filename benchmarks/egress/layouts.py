"""Hidden counts whose total or share stands elsewhere: in another table, another sheet, a caption, a bracket."""

from __future__ import annotations

from random import Random

from benchmarks.egress.labelled import Labelled, leaky, look, safe
from benchmarks.egress.office import workbook


def cases(random: Random) -> list[Labelled]:
    """All of this page."""
    del random
    return [*_totals_apart(), *_shares(), *_harmless()]


def _totals_apart() -> list[Labelled]:
    pipes = "| Sex | People |\n|---|---|\n| Female | 804 |\n| Male | * |\n\nAll together:\n\n| Sex | People |\n|---|---|\n| Total | 808 |\n"
    sheets = workbook(
        {
            "by outcome": [["Outcome", "Patients"], ["Alive", 2391], ["Died", "*"]],
            "all": [["Outcome", "Patients"], ["All", 2396]],
        }
    )
    html = "<table><tr><th>Stage</th><th>n</th></tr><tr><td>I</td><td>1702</td></tr><tr><td>IV</td><td>*</td></tr></table><table><tr><th>Stage</th><th>n</th></tr><tr><td>Overall</td><td>1707</td></tr></table>"
    return [
        leaky("apart.md", "margins", "Male", pipes), leaky("apart.xlsx", "margins", "by outcome, Died", sheets),
        leaky("apart.html", "margins", "IV", html),
        leaky("caption.csv", "margins", "Male", "Table 3. Deaths by sex (N = 4419)\nsex,deaths\nFemale,4412\nMale,*\n"),
        leaky("caption.md", "margins", "Yes", "**Re-bleeds (n = 1,507)**\n\n| Re-bleed | Patients |\n|---|---|\n| No | 1501 |\n| Yes | * |\n"),
    ]  # fmt: skip


def _shares() -> list[Labelled]:
    stata = "      stage |      Freq.     Percent\n------------+-----------------------\n          I |        590       98.33\n         IV |          *        1.67\n"
    return [
        leaky("share_of_star.txt", "implied-count", "IV", stata),
        leaky("share_of_star.html", "implied-count", "Yes", "<table><tr><th>Died</th><th>%</th><th>n</th></tr><tr><td>No</td><td>99.4</td><td>1590</td></tr><tr><td>Yes</td><td>0.6</td><td>*</td></tr></table>"),
        leaky("proportion_of_star.csv", "implied-count", "rare", "outcome,n,proportion\ncommon,985,0.985\nuncommon,*,0.011\nrare,*,0.004\n"),
        leaky("anteil.csv", "implied-count language", "weiblich", "Geschlecht;Patienten;Anteil (%)\nmännlich;1240;99,4\nweiblich;*;0,6\n"),
        leaky("bracket_of_star.csv", "implied-count", "HIV", 'characteristic,"Overall (N = 1,200)"\nDiabetes,"240 (20.0%)"\nHIV,"* (0.5%)"\n'),
    ]  # fmt: skip


def _harmless() -> list[Labelled]:
    """The same layouts where nothing follows, or hardly anything."""
    return [
        safe("another_cohort.csv", "several-tables", "Cohort A\nsex,people\nFemale,3105\nMale,*\n\nCohort B\nsex,people\nTotal,8240\n"),
        safe("share_hidden_too.csv", "suppressed", "condition,n,pct\nCommon,1190,*\nRare,*,*\n"),
        safe("caption_rounded.csv", "preamble", "Admissions by sex (N = 2,420)\nsex,admissions\nFemale,1240\nMale,1180\n"),
        look("coarse_share.csv", "mark", "Rare", "condition,n,pct\nCommon,119000,99\nRare,*,1\n"),
    ]  # fmt: skip
