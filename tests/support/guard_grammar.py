"""Random questions of the guard's language, well typed for the most part, over person, measurement and concept."""

from __future__ import annotations

from random import Random

NUMBERS = """
gender_concept_id
year_of_birth
value_as_number
days_supply
cost
weight
measurement_concept_id
1
0
2.5
-3
9223372036854775807
99999999999999999999
1e300
""".strip().splitlines()
TEXTS = ("gender_source_value", "race_source_value", "concept_name", "domain_id", "'M'", "'a%'", "''", "'12'")
TIMES = ("birth_datetime", "measurement_date", "date '2020-01-01'", "timestamp '2020-01-01 10:00:00'")
SOURCES = (
    "person p join measurement m on p.person_id = m.person_id left join concept c on c.concept_id = "
    "m.measurement_concept_id",
    "person p left join measurement m on p.person_id = m.person_id and {0} join concept c on c.concept_id = "
    "p.gender_concept_id",
    "measurement m join person p using (person_id) left join concept c on c.concept_id = "
    "m.measurement_concept_id and {0}",
)
NUMBER_FORMS = """
({n} + {n})
({n} - {n})
({n} * {n})
({n} / {n})
(year_of_birth // 10)
(-{n})
abs({n})
round({n}, 2)
round({n}, -3)
floor({n})
floor(days_supply / 20) * 20
ceil({n})
trunc({n})
coalesce({n}, {n})
nullif({n}, {n})
case when {b} then {n} else {n} end
case {n} when {n} then {n} end
cast({n} as bigint)
cast({t} as double)
cast({n} as decimal(10, 2))
year({d})
extract(month from {d})
date_part('quarter', {d})
date_diff('day', {d}, {d})
date_diff('month', {d}, {d})
(measurement_date - date '2020-01-01')
if({b}, {n}, {n})
({b})::int
length(concept_name)
strpos(concept_name, 'o')
(strpos({t}, 'M') > 0)::int
power({n}, {n})
log({n})
log2({n})
log(3, {n})
date_sub('day', {d}, {d})
date_sub('month', {d}, {d})
extract(year from age({d}, {d}))
greatest(weight, 3)
""".strip().splitlines()
TEXT_FORMS = """
lower({t})
upper({t})
trim({t})
ltrim({t})
rtrim({t})
trim(concept_name, 'eo')
({t} || {t})
coalesce({t}, {t})
nullif({t}, {t})
case when {b} then {t} else {t} end
left(concept_name, 2)
substr(domain_id, 2, 3)
right(concept_name, 1)
cast(weight as varchar)
""".strip().splitlines()
TIME_FORMS = """
date_trunc('month', {d})
date_trunc('year', {d})
({d} + interval 30 day)
({d} - interval 40000 month)
({d} + interval 2 year)
(measurement_date + 40000)
(measurement_date - 1)
(measurement_date + days_supply)
(measurement_date - days_supply)
(measurement_date + ({n})::bigint)
({d} + interval (days_supply) month)
({d} - ({n})::bigint * interval 1 year)
date_add({d}, interval (days_supply) day)
last_day({d})
coalesce({d}, {d})
cast({d} as date)
cast({d} as timestamp)
case when {b} then {d} end
cast({t} as date)
""".strip().splitlines()
CONDITION_FORMS = """
({n} = {n})
({n} < {n})
({t} >= {t})
({d} <> {d})
({n} is distinct from {n})
({b} and {b})
({b} or {b})
(not {b})
({t} is null)
({d} is not null)
({n} in (1, 2.5, null, '3'))
({t} not in ('M', 'F'))
({n} between {n} and {n})
({t} like '%a_')
({t} not ilike 'M%')
({t} like '%!%' || 'a' escape '!')
({t} not ilike lower('M!_') escape '!')
starts_with({t}, 'M')
({b} is true)
({d} > '2020-01-01')
(year_of_birth = '1950')
is_abnormal
(p.person_id is null)
(m.visit_occurrence_id is not null)
""".strip().splitlines()
QUANTITY_FORMS = """
value_as_number
days_supply
cost
year_of_birth
({q} + {q})
({q} * days_supply)
({q} - 5)
({q} / 7)
(-{q})
{q}::double
date_diff('day', {d}, {d})
""".strip().splitlines()
AGGREGATE_FORMS = """
count(*)
count({n})
count({t})
count(distinct {d})
count(distinct {t})
count_if({b})
sum({q})
avg({q})
count(distinct p.person_id)
mean({q})
quantile_disc({q}, 0.5)
covar_samp({q}, {q})
regr_slope({q}, {q})
regr_count({q}, {q})
sum(case when {b} then days_supply else 0 end)
avg(case when {b} then 1 else 0 end)
sum(case when {b} then 2.5 when {b} then 3 end)
sum(({b})::int)
count(distinct case when {b} then p.person_id end)
count(distinct if({b}, m.measurement_id, null))
""".strip().splitlines()
KEY_FORMS = """
gender_concept_id
year_of_birth
race_source_value
concept_name
case when {b} then 'x' else 'y' end
{b}
year({d})
floor({n} / 10)
{t}
2020 - year_of_birth
""".strip().splitlines()


class Grammar:
    """Draws questions from one source of randomness; `depth` bounds how far expressions nest."""

    def __init__(self, random: Random, depth: int = 3) -> None:
        self.random, self.depth = random, depth
        self._kinds = {
            "n": (NUMBER_FORMS, NUMBERS),
            "t": (TEXT_FORMS, TEXTS),
            "d": (TIME_FORMS, TIMES),
            "b": (CONDITION_FORMS, ("is_abnormal", "days_supply > 5")),
            "q": (QUANTITY_FORMS, ("value_as_number", "days_supply", "cost")),
        }

    def expression(self, kind: str, depth: int) -> str:
        """One expression of a kind: n(umber), t(ext), d(ate), b(oolean), q(uantity)."""
        forms, leaves = self._kinds[kind]
        if depth <= 0 or self.random.random() < 0.2:
            return self.random.choice(leaves)
        return self.fill(self.random.choice(forms), depth - 1)

    def fill(self, form: str, depth: int) -> str:
        """A form with its holes filled."""
        for kind in self._kinds:
            while f"{{{kind}}}" in form:
                form = form.replace(f"{{{kind}}}", self.expression(kind, depth), 1)
        return form

    def question(self) -> str:
        """One whole question."""
        chance = self.random.random
        key = self.fill(self.random.choice(KEY_FORMS), 2) if chance() < 0.6 else None
        items = [f"{key} as k"] if key else []
        for number in range(self.random.randrange(1, 4)):
            kept = f" filter (where {self.expression('b', 2)})" if chance() < 0.2 else ""
            items.append(f"{self.fill(self.random.choice(AGGREGATE_FORMS), self.depth)}{kept} as a{number}")
        items += ["round(100 * a0 / nullif(a0, 0), 1)"] if chance() < 0.3 else []
        sql = f"select {', '.join(items)} from {self.random.choice(SOURCES).format(self.expression('b', 2))}"
        sql += f" where {self.expression('b', self.depth)}" if chance() < 0.6 else ""
        sql += " group by k" if key else ""
        sql += f" having {self.random.choice(('a0 > 5', 'a0 is not null', 'count(*) > 10'))}" if chance() < 0.2 else ""
        return sql + (" order by a0 desc" if chance() < 0.3 else "")
