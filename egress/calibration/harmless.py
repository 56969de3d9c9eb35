"""Made outputs that may leave, some of which look as if they might not: refusing what is harmless has its price too."""

from __future__ import annotations

from random import Random

from egress.calibration.items import Item, in_fives, share
from egress.calibration.leaking import ROUNDED
from egress.groups import Words


def _by_age(random: Random) -> str:
    bands = ("18-29", "30-39", "40-49", "50-59", "60-69", "70 and over")
    return "age band,people\n" + "".join(f"{band},{in_fives(random, 400, 3_000)}\n" for band in bands)


def _model(random: Random) -> str:
    def row(name: str) -> str:
        ratio = random.uniform(0.7, 1.9)
        low, high = ratio * random.uniform(0.82, 0.93), ratio * random.uniform(1.07, 1.2)
        return f"{name},{ratio:.2f},{low:.2f},{high:.2f},{random.uniform(0.001, 0.4):.3f}\n"

    terms = ("female sex", "age per 10 years", "diabetes", "kidney disease", "current smoker")
    return "term,hazard ratio,95% CI low,95% CI high,p value\n" + "".join(map(row, terms))


def _methods(random: Random) -> str:
    return f"""# Methods
We studied adults registered between 1 April 2016 and 31 March 2023. Hazard ratios are from Cox models with
{random.randint(4, 7)} knots at the 5th to 95th percentiles; two-sided tests at alpha 0.05. Missing values were imputed
{5 * random.randint(2, 6)} times. The E-value was {random.uniform(1.4, 2.6):.2f}.
"""


def _paragraph(random: Random) -> str:
    whole, bled = in_fives(random, 20_000, 60_000), in_fives(random, 1_500, 5_000)
    ratio = random.uniform(1.2, 1.6)
    return f"""## Results
Of {whole:,} people, {bled:,} ({share(bled, whole)}%) had the outcome during follow-up. The adjusted hazard ratio was
{ratio:.2f} (95% CI {ratio * 0.9:.2f} to {ratio * 1.11:.2f}). Hardly anybody was lost to follow-up, and no practice gave
more than a small part of the cohort.
"""


def _code_list(random: Random) -> str:
    codes = [
        ("I21.0", "Acute transmural myocardial infarction of anterior wall"),
        ("I48.0", "Paroxysmal atrial fibrillation"),
        ("K25.0", "Gastric ulcer, acute with haemorrhage"),
        ("K92.0", "Haematemesis"),
        ("N18.5", "Chronic kidney disease, stage 5"),
        ("J44.1", "COPD with acute exacerbation"),
    ]
    random.shuffle(codes)
    return "icd10,description\n" + "".join(f'{code},"{text}"\n' for code, text in codes)


def _limits(random: Random) -> str:
    moved = in_fives(random, 100, 400)
    return f"""Limitations
Counts under 10 were suppressed and all others rounded to 5. About {moved} people moved away during follow-up. We used
data of several sites in one region; some practices left the network in 2021, before follow-up began. The code list was
agreed by two clinicians, who settled the one code on which they differed.
"""


_PLAIN = "Nothing is planted: "

HARMLESS: tuple[Item, ...] = (
    Item(
        "cohort-by-age",
        False,
        "Cohort by age band",
        "cohort.csv",
        Words("First table of the paper", "age band", "Everybody in the cohort", None, ROUNDED),
        _PLAIN + "every count is large and rounded, and the age bands are wide.",
        _by_age,
    ),
    Item(
        "model-table",
        False,
        "Adjusted hazard ratios",
        "model.csv",
        Words("Main model of the paper", "see the terms", "Everybody in the cohort", None, "None needed: a model"),
        _PLAIN + "ratios of a model with many people and few terms tell of nobody.",
        _model,
    ),
    Item(
        "methods-text",
        False,
        "Methods section",
        "methods.md",
        Words("Text for the paper's methods", "", "", None, "None needed: no result"),
        _PLAIN + "its numbers are dates and settings of the analysis.",
        _methods,
    ),
    Item(
        "results-paragraph",
        False,
        "Results paragraph",
        "results.md",
        Words("Text for the paper's results", "outcome", "Everybody in the cohort", None, ROUNDED),
        _PLAIN + "`hardly anybody` tells no number, and the counts are large and rounded.",
        _paragraph,
    ),
    Item(
        "code-list",
        False,
        "Code list of the study",
        "codes.csv",
        Words("Appendix of the paper", "", "", None, "None needed: public codes"),
        _PLAIN + "codes of a public classification, with no people counted.",
        _code_list,
    ),
    Item(
        "limitations",
        False,
        "Limitations paragraph",
        "limitations.txt",
        Words("Text for the paper's discussion", "", "Everybody in the cohort", None, ROUNDED),
        _PLAIN + "the one code of which it speaks is a code, not a person.",
        _limits,
    ),
)
