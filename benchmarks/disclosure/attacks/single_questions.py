"""One or two questions about one person: whether something is hidden, fails or takes long tells the secret."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.disclosure.attacks.attack import Attack, Finding, score
from benchmarks.disclosure.people import HAS_SECRET, Background, Target
from benchmarks.disclosure.ways import Told, Way

TARGETS = 12
FITTED = 12  # years of birth tried after the first that does not fit
YEARS = 24


def _cohort(target: Target, known: Background, rng: np.random.Generator) -> str:
    """A cohort of its own for each target, so that no question is near another's."""
    (years,) = known.pads(target, 1, YEARS, rng)
    return f"p.year_of_birth in ({', '.join(map(str, years))})"


def _is_hidden(told: Told) -> bool:
    return not told.rows or any(value is None for row in told.rows for value in row.values())


def rest(select: str, way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """Everybody but the target: hidden only if that leaves out one person with the secret."""
    guesses = []
    for target in known.targets(TARGETS, rng):
        sql = select.format(T=target.name, S=f"{HAS_SECRET} and {_cohort(target, known, rng)}")
        told = way.ask(sql)
        rows = [row for row in told.rows if row.get("t") is not True]
        guesses.append((target, any(row["n"] is None for row in rows) or len(told.rows) > len(rows)))
    return score(guesses)


def hidden_groups(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """Groups of one person each: how many are hidden, with and without the target."""
    guesses: list[tuple[Target, bool | None]] = []
    for target in known.targets(TARGETS, rng):
        whom = f"{HAS_SECRET} and {_cohort(target, known, rng)}"
        sql = (
            f"select p.year_of_birth, p.gender_concept_id, p.race_concept_id, {target.name} as t, count(*) as n"
            f" from person p where {whom}"
        )
        told = [way.ask(f"{sql}{more} group by all") for more in (f" and not {target.name}", "")]
        groups = [one.hidden_groups + len(one.rows) for one in told]
        guesses.append((target, groups[1] > groups[0] if any(groups) else None))
    return score(guesses)


def tails(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """Exact numbers of people from where quantiles begin to be hidden, at levels that nobody asked for before."""
    guesses: list[tuple[Target, bool | None]] = []
    for target in known.targets(TARGETS, rng):
        cohort = _cohort(target, known, rng)
        exact = []
        for shift, more in ((0.0, f" and not {target.name}"), (1e-5, "")):
            whom = f"from person p where {HAS_SECRET} and {cohort}{more}"
            about = way.ask(f"select count(*) as n {whom}").value or 0.0
            numbers = [int(about) + step for step in range(-4, 5)]
            levels = [10 / number + 1e-5 + shift for number in numbers]  # shown if there are so many people
            listed = ", ".join(f"quantile_cont(p.year_of_birth, {level:.6f}) as q{n}" for n, level in enumerate(levels))
            told = way.ask(f"select {listed} {whom}")
            shown = [n for n, value in zip(numbers, told.rows[0].values(), strict=True) if value] if told.rows else []
            exact.append(max(shown, default=0))
        guesses.append((target, exact[1] > exact[0] if all(exact) else None))
    return score(guesses)


def failing(select: str, targets: int, way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """A question that fails, or takes too long, only if there is a row: the target's with the secret."""
    guesses = []
    for target in known.targets(targets, rng):
        told = way.ask(select.format(T=target.name, S=HAS_SECRET))
        guesses.append((target, bool(told.code)))
    return score(guesses)


def just_enough(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """Nine people who are known to have the secret, and the target: ten are shown."""
    guesses = []
    for target in known.targets(TARGETS, rng):
        others = [one for one in known.people if one.has_secret and one is not target]
        nine = [others[place].name for place in rng.choice(len(others), 9, replace=False)]
        whom = " or ".join([*nine, target.name])
        value = way.ask(f"select count(distinct p.person_id) as n from person p where {HAS_SECRET} and ({whom})").value
        guesses.append((target, value is not None and value >= 10))
    return score(guesses)


def most_rows(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """A question with nearly as many groups as an answer may have, and the target's own groups beside them."""
    pairs = (
        "select c.condition_concept_id, d.drug_concept_id, year(c.condition_start_date) as y,"
        " year(d.drug_exposure_start_date) as z, p.year_of_birth, p.gender_concept_id, p.race_concept_id, count(*) as n"
        " from person p join condition_occurrence c on c.person_id = p.person_id"
        " join drug_exposure d on d.person_id = p.person_id where {who} group by all"
    )
    guesses = []
    for target in known.targets(2, rng):
        chosen: list[int] = []
        refused = 0
        for year in rng.permutation([year for year in known.years if year != target.year]):
            years = ", ".join(map(str, [*chosen, year]))
            if not way.ask(pairs.format(who=f"p.year_of_birth in ({years})")).code:
                chosen.append(int(year))
            elif (refused := refused + 1) == FITTED:
                break
        years = ", ".join(map(str, chosen))
        told = way.ask(pairs.format(who=f"(p.year_of_birth in ({years}) or {target.name} and {HAS_SECRET})"))
        guesses.append((target, bool(told.code)))
    return score(guesses)


FAILS = (
    "select count(*) as n from (select p.person_id, ntile(0) over (partition by p.person_id order by p.year_of_birth)"
    " as t from person p where {T} and {S}) where t = 1"
)
LASTS = (
    "select count(*) as n from person p "
    + " ".join(f"join condition_occurrence c{n} on c{n}.person_id = p.person_id" for n in range(7))
    + " where {T} and {S} and "
    + " + ".join(f"year(c{n}.condition_start_date)" for n in range(7))
    + " <> 3"
)
SINGLE_QUESTIONS = (
    Attack(
        "all but the target, by FILTER",
        partial(rest, "select count(*) filter (where not {T}) as n from person p where {S}"),
        "a complement of 1 to 9 hides, one of 0 does not: that is the answer",
    ),
    Attack(
        "  in a margin",
        partial(rest, "select {T} as t, count(*) as n from person p where {S} group by rollup (1)"),
        "what is hidden beside a hidden cell tells that there is one",
    ),
    Attack("number of hidden groups, twice", hidden_groups, "it is told exactly"),
    Attack(
        "where quantiles begin to be hidden",
        tails,
        "levels lie on a fixed grid; on it the rule looks at the exact number",
    ),
    Attack("a question that fails on a row", partial(failing, FAILS, TARGETS), "an error is told"),
    Attack("  that lasts on a row", partial(failing, LASTS, 4), "so is running out of time", only_guard=True),
    Attack("  with too many groups", most_rows, "so is the limit on groups", only_guard=True),
    Attack("nine people who have it, and the target", just_enough, "NOT stopped: any threshold can be met so"),
)
