"""Writes the SQL of the tables with one row for each person and feed: person, death, observation_period; and of the
places: location (small areas, never a postcode) and care_site (codes of providers).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from intake.harmonise.tally import PERSON_FIELDS, tally_relation
from intake.omop.mapping import FeedMapping
from intake.sources import quote_text

PERIOD_TYPE = 32817
SMALL_AREA = "[EWSN][0-9]{8}"


def told_sql(tables: Sequence[str], links: str) -> str:
    """What a feed last said of each of its people, field by field. `tables`: those that say who people are."""
    parts = [
        f"SELECT l.person_id, l.match_rank, {', '.join(f'field_{n}, told_{n}' for n in PERSON_FIELDS)}"
        f" FROM {tally_relation(table)} t JOIN {links} l ON l.person_ref = t.person_ref"
        for table in tables
    ]
    fields = ", ".join(f"max_by(field_{n}, told_{n}) FILTER (field_{n} IS NOT NULL) AS {n}" for n in PERSON_FIELDS)
    return (
        f"SELECT person_id, min(match_rank) AS match_rank, {fields} FROM ({' UNION ALL BY NAME '.join(parts)})"
        " GROUP BY person_id"
    )


def person_sql(mapping: FeedMapping, told: str, codes: str) -> str:
    """`person` of one feed from `told` (of `told_sql`). Somebody whose year of birth no row tells has none: out."""
    races = mapping.people[0].race_vocabulary if mapping.people else ""
    ethnicities = mapping.people[0].ethnicity_vocabulary if mapping.people else ""
    return (
        "SELECT t.person_id, coalesce(g.concept_id, 0) AS gender_concept_id,"
        " CAST(coalesce(year(birth_date), birth_year) AS INTEGER) AS year_of_birth,"
        " CAST(coalesce(month(birth_date), birth_month) AS INTEGER) AS month_of_birth,"
        " CAST(day(birth_date) AS INTEGER) AS day_of_birth, coalesce(r.concept_id, 0) AS race_concept_id,"
        " coalesce(e.concept_id, 0) AS ethnicity_concept_id,"
        f" {location_key('lsoa')} AS location_id, s.care_site_id, sex AS gender_source_value,"
        " race AS race_source_value, ethnicity AS ethnicity_source_value, match_rank"
        f" FROM {told} t"
        f" LEFT JOIN {codes} g ON g.code = t.sex AND g.vocabulary = 'NHS Sex' AND g.ordinal = 0"
        f" LEFT JOIN {codes} r ON r.code = t.race AND r.vocabulary = {quote_text(races)} AND r.ordinal = 0"
        f" LEFT JOIN {codes} e ON e.code = t.ethnicity AND e.vocabulary = {quote_text(ethnicities)} AND e.ordinal = 0"
        f" LEFT JOIN care_sites s ON s.feed = {quote_text(mapping.feed)} AND s.code = t.site"
        " WHERE coalesce(year(birth_date), birth_year) IS NOT NULL ORDER BY t.person_id"
    )


def location_key(lsoa: str) -> str:
    """SQL of the number of a small area: its official code read as a number, so that it never changes."""
    return (
        f"CASE WHEN regexp_full_match({lsoa}, '{SMALL_AREA}') THEN ascii({lsoa}) * 100000000::BIGINT"
        f" + CAST(substr({lsoa}, 2) AS BIGINT) END"
    )


def deaths_sql(mapping: FeedMapping, tables: Collection[str], links: str) -> str:
    """`death` of one feed: of each person the day that the first rule with one tells."""
    parts = [
        f"SELECT l.person_id, l.match_rank, {number} AS rule, death_{number} AS day, {death.type} AS kind"
        f" FROM {tally_relation(death.source)} t JOIN {links} l ON l.person_ref = t.person_ref"
        f" WHERE death_{number} IS NOT NULL"
        for number, death in enumerate(mapping.deaths)
        if death.source in tables
    ]
    return (
        "SELECT person_id, min_by(day, (rule, day)) AS death_date,"
        " CAST(min_by(kind, (rule, day)) AS BIGINT) AS death_type_concept_id, min(match_rank) AS match_rank"
        f" FROM ({' UNION ALL '.join(parts)}) GROUP BY person_id ORDER BY person_id"
    )


def periods_sql(mapping: FeedMapping, tables: Sequence[str], links: str) -> str:
    """`observation_period` of one feed: from the first to the last day on which it tells anything of the person."""
    observing = {rule.source for rule in mapping.people}
    parts = [
        "SELECT l.person_id, l.match_rank, "
        + (
            "least(first_day, first_observed) AS first_day, greatest(last_day, last_observed) AS last_day"
            if table in observing
            else "first_day, last_day"
        )
        + f" FROM {tally_relation(table)} t JOIN {links} l ON l.person_ref = t.person_ref"
        for table in tables
    ]
    return (
        "SELECT person_id, min(first_day) AS observation_period_start_date,"
        f" max(last_day) AS observation_period_end_date, {PERIOD_TYPE}::BIGINT AS period_type_concept_id,"
        f" min(match_rank) AS match_rank FROM ({' UNION ALL '.join(parts)}) GROUP BY person_id"
        " HAVING min(first_day) IS NOT NULL ORDER BY person_id"
    )
