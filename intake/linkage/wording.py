"""SQL expressions that bring identifying facts into one form.

Promise: what two sources write differently (case, accents, spaces, punctuation) compares equal; what is not a value (a
number that fails its check, an unknown sex) becomes NULL, which neither agrees nor disagrees.
"""

from __future__ import annotations

#: Letters that Unicode does not take apart into a base letter and a mark.
_FROM, _TO = "ØŁĐÐŦĦı", "OLDDTHI"


def number_sql(text: str) -> str:
    """The number in `text` as BIGINT, spaces and dashes aside; NULL if it is none."""
    plain = f"CASE WHEN length({text}) = 10 THEN {text} ELSE replace(replace({text}, ' ', ''), '-', '') END"
    return f"TRY_CAST({plain} AS BIGINT)"


def is_number_sql(number: str) -> str:
    """Whether a BIGINT is a valid NHS number: ten digits, which times 10, 9, .. 1 sum to a multiple of 11 (NHS Data
    Dictionary, NHS NUMBER). Ten equal digits pass that check but are placeholders, so they are none."""
    weighed = " + ".join(f"{weight} * ({number} // {10 ** (weight - 1)} % 10)" for weight in range(10, 0, -1))
    return f"({number} BETWEEN 1000000000 AND 9999999999 AND ({weighed}) % 11 = 0 AND {number} % 1111111111 <> 0)"


#: Dates that systems and people write for "not known" (1 January 1900 is the NHS's own default of old).
PLACEHOLDER_BIRTHS = ("1800-01-01", "1900-01-01", "1901-01-01", "9999-12-31")


def birth_sql(day: str) -> str:
    """A date of birth; NULL if it is a placeholder."""
    placeholders = ", ".join(f"DATE '{each}'" for each in PLACEHOLDER_BIRTHS)
    return f"CASE WHEN {day} NOT IN ({placeholders}) THEN {day} END"


def sex_sql(text: str) -> str:
    """M, F or NULL, from the codes in use (1, 2; M, F)."""
    return f"CASE upper(trim({text})) WHEN '1' THEN 'M' WHEN 'M' THEN 'M' WHEN '2' THEN 'F' WHEN 'F' THEN 'F' END"


def postcode_sql(text: str) -> str:
    """Letters and digits in capitals; NULL if empty, or one of the pseudo postcodes (ZZ99...), which are no place."""
    plain = f"nullif(upper(replace({text}, ' ', '')), '')"
    return f"CASE WHEN NOT starts_with({plain}, 'ZZ99') THEN {plain} END"


def written_name_sql(text: str) -> str:
    """A name as stored: trimmed, in capitals, NULL if empty. Cheap, because every identity passes through it."""
    return f"nullif(upper(trim({text})), '')"


def same_name_sql(one: str, two: str) -> str:
    """Whether two stored names are the same as compared; NULL if one is not known. Most that are, are written alike."""
    return f"CASE WHEN {one} = {two} THEN true ELSE {compared_name_sql(one)} = {compared_name_sql(two)} END"


def similar_name_sql(one: str, two: str) -> str:
    """Whether two stored names may be one with a slip in it; NULL if one is not known."""
    return f"({one} = {two} OR damerau_levenshtein({one}, {two}) <= 1 OR jaro_winkler_similarity({one}, {two}) >= 0.92)"


def compared_name_sql(written: str) -> str:
    """A stored name as compared: accents, spaces, hyphens, apostrophes and dots are off; letters of any script stay.
    Costly, so only for pairs that agree in something else already."""
    plain = f"translate(upper(strip_accents(nfc_normalize({written}))), '{_FROM}', '{_TO}')"
    return f"nullif(regexp_replace(replace(replace({plain}, 'ẞ', 'SS'), 'Æ', 'AE'), '[^\\p{{L}}]', '', 'g'), '')"
