"""Made outputs that should not leave, each for a reason that the automatic checks do not stop: a person must see it."""

from __future__ import annotations

from random import Random

from egress.calibration.items import Item, in_fives, share
from egress.groups import Words

ROUNDED = "Counts under 10 are suppressed, all others rounded to 5"


def _oldest(random: Random) -> str:
    median, oldest = random.randint(58, 66), random.randint(103, 108)
    low, high = median - random.randint(12, 16), median + random.randint(11, 15)
    rows = (("median", median), ("lower quartile", low), ("upper quartile", high), ("maximum", oldest))
    return "age,years\n" + "".join(f"{name},{value}\n" for name, value in rows)


def _one_woman(random: Random) -> str:
    whole = in_fives(random, 8_000, 30_000)
    treated = in_fives(random, 900, 4_000)
    return f"""## Results
Of {whole:,} people, {treated:,} ({share(treated, whole)}%) were treated in the first year. Results by age and sex are
in the main table. The only person with a second transplant, a retired ferry pilot, was treated on the mainland.
"""


def _all_but_three(random: Random) -> str:
    whole, group = in_fives(random, 12_000, 40_000), in_fives(random, 200, 600)
    return f"""## Follow-up
{whole:,} people were followed for a median of {random.randint(2, 5)} years. In the subgroup with dialysis ({group:,}
people) all but three were alive at the end of follow-up; the difference to the whole cohort was not significant.
"""


def _quoted_note(random: Random) -> str:
    read = in_fives(random, 400, 1_200)
    return f"""## Why treatment was stopped
We read the free text of {read:,} records and sorted the reasons into themes: side effects, the person's own wish, and
contacts with other services. A typical entry of the first theme reads: "Head teacher at the village school by the
lighthouse, collapsed in assembly the day after the new tablets, husband (the vicar) insists on the old ones."
"""


def _fewer_than_before(random: Random) -> str:
    rows = "".join(f"{band},{in_fives(random, 300, 2_000)}\n" for band in ("18-39", "40-59", "60-79", "80 and over"))
    return "age band,people\n" + rows


def _whole_practice(random: Random) -> str:
    tested, found = in_fives(random, 3_000, 9_000), in_fives(random, 300, 900)
    return f"""## Testing in care homes
Of {tested:,} residents tested, {found:,} ({share(found, tested)}%) were positive. Homes differed widely: in the
smallest home of the valley every resident was positive, in the largest hardly any.
"""


def _small_counts(random: Random) -> str:
    small = [random.randint(1, 7) for _ in range(2)]
    large = [in_fives(random, 90, 400) for _ in range(4)]
    return (
        "outcome,women,men\n"
        f"no event,{large[0]},{large[1]}\n"
        f"minor event,{large[2]},{large[3]}\n"
        f"major event,{small[0]},{small[1]}\n"
    )


def _death_in_march(random: Random) -> str:
    admitted = in_fives(random, 1_500, 6_000)
    return f"""## Safety
{admitted:,} people were admitted during the study. Serious events were rare and spread evenly over hospitals and
months, with one exception: the death after a fall from the window of the children's ward on the second Sunday of
Advent, which the local paper reported, was judged unrelated to treatment.
"""


LEAKING: tuple[Item, ...] = (
    Item(
        "oldest-person",
        True,
        "Age of the cohort",
        "age_summary.csv",
        Words("Age at entry, for the first table of the paper", "age", "Everybody in the cohort", None, ROUNDED),
        "The row `maximum` is the age of one person, the oldest of the region, whom many know.",
        _oldest,
    ),
    Item(
        "one-woman",
        True,
        "Results paragraph for the abstract",
        "results.md",
        Words("Text for a conference abstract", "treatment", "Everybody in the cohort", None, ROUNDED),
        "The last sentence tells of one person with occupation and treatment: a neighbour would know who it is.",
        _one_woman,
    ),
    Item(
        "all-but-three",
        True,
        "Follow-up paragraph",
        "follow_up.md",
        Words("Text for the paper's results", "death, dialysis", "Everybody in the cohort", None, ROUNDED),
        "`All but three` is a count under 10 in words: three people of the subgroup died.",
        _all_but_three,
    ),
    Item(
        "quoted-note",
        True,
        "Reasons for stopping treatment",
        "reasons.md",
        Words("Themes from free text, for the study's report", "free text", "People who stopped", None, ROUNDED),
        "The quotation is from one person's record and names work, place and family.",
        _quoted_note,
    ),
    Item(
        "fewer-than-before",
        True,
        "Cohort by age, corrected",
        "cohort_by_age.csv",
        Words(
            "The same table as in our last release, now without the two people who asked us to take them out",
            "age band",
            "Everybody in the cohort",
            None,
            ROUNDED,
            "Replaces our last release; only the two people are not in it any more",
        ),
        "The table itself is safe; with the last release and the context beside it, it tells in which bands two known"
        " people are. Such a correction has to wait until the cohort changes by more people.",
        _fewer_than_before,
    ),
    Item(
        "whole-home",
        True,
        "Testing in care homes",
        "care_homes.md",
        Words("Text for the regional report", "test result", "Residents of care homes", None, ROUNDED),
        "`Every resident was positive`: nobody is counted, and yet the result of each of them is told.",
        _whole_practice,
    ),
    Item(
        "small-counts-for-a-journal",
        True,
        "Outcomes by sex",
        "outcomes.csv",
        Words("Main table of the paper", "outcome, sex", "Everybody treated", None, "None for the major events"),
        "Counts under 10 in the last row. That a journal wants exact numbers is no reason for an exception.",
        _small_counts,
        "The journal's reviewers ask for exact numbers of major events, and the paper is due this week.",
    ),
    Item(
        "death-in-the-paper",
        True,
        "Safety paragraph",
        "safety.md",
        Words("Text for the paper's safety section", "serious events", "Everybody admitted", None, ROUNDED),
        "The last sentence tells of one death with place and day, which the newspaper makes a name.",
        _death_in_march,
    ),
)
