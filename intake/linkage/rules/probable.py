"""M4: Splink weighs what the plain rules left: slips in a name, a date or a number, a move, a marriage.

Promise: nothing leaves the machine, and nothing is drawn at random; without a forename that agrees at least nearly, and
a date of birth that agrees in two parts (or the very number, where it is not known), nobody is linked: a twin, a father
or a son would be next in line; where two people answer nearly as well, or another valid number stands against it,
none is linked.

Splink (Linacre et al. 2022, International Journal of Population Data Science 7:3) runs in this process on tables in
memory, which end with the rule.
"""

from __future__ import annotations

from intake.linkage.rules.probable_model import BY_FREQUENCY, ProbableModel, probable_model
from intake.linkage.rules.rule import Connection, Rule
from intake.linkage.wording import compared_name_sql

RANK = 4
SIDES = ("asking", "near")
#: Levels count from the last (0: differs) up; -1 is not known. Without a date of birth the very number must agree, and
#: a valid number that is not even near speaks for somebody else.
_SOUND = (
    "gamma_forename > 0 AND gamma_nhs_number <> 0 AND (gamma_birth > 0 OR (gamma_birth = -1 AND gamma_nhs_number = 2))"
)
_ROOM = "probable"  # a database in memory: Splink's tables never meet the disk, unless the engine is short of memory


def _find(connection: Connection) -> None:
    model = probable_model()
    home = str(connection.execute("SELECT current_database()").fetchall()[0][0])
    connection.execute(f"ATTACH ':memory:' AS {_ROOM}")
    connection.execute(f"USE {_ROOM}")
    try:
        if _lay_out(connection, model):
            _predict(connection, model)
    finally:
        connection.execute(f"USE {home}")
        connection.execute(f"DETACH {_ROOM}")


def _lay_out(connection: Connection, model: ProbableModel) -> bool:
    """The two sides with names as compared, and how common each name is. False if there is nothing to compare."""
    connection.execute(
        "CREATE TABLE asking_rows AS "
        "SELECT who AS id, CAST(NULL AS BIGINT) AS person_id, * EXCLUDE (who) FROM temp.asked "
        "WHERE forename IS NOT NULL AND (birth_month IS NOT NULL OR nhs_number IS NOT NULL)"
    )
    near = " UNION ".join(
        "SELECT f.rowid AS id FROM temp.face f SEMI JOIN asking_rows a ON "
        + " AND ".join(f"{_part('f', column)} = {_part('a', column)}" for column in block)
        for block in model.blocks
    )
    connection.execute(
        f"CREATE TABLE near_rows AS SELECT f.rowid AS id, f.* FROM temp.face f WHERE f.rowid IN ({near})"
    )
    for side in SIDES:
        connection.execute(f"CREATE TABLE {side} AS SELECT '{side}' AS side, {_compared()} FROM {side}_rows")
    for name in BY_FREQUENCY:
        connection.execute(_frequencies(name, model))
    pairs = connection.execute("SELECT (SELECT count(*) FROM asking) * (SELECT count(*) FROM near)").fetchall()
    return bool(pairs[0][0])


def _part(side: str, column: str) -> str:
    return f"day({side}.birth)" if column == "birth_day" else f"{side}.{column}"


def _compared() -> str:
    return (
        "id, person_id, birth, birth_year, birth_month, day(birth) AS birth_day, sex, postcode, "
        "CAST(nhs_number AS VARCHAR) AS nhs_number, "
        f"{compared_name_sql('surname')} AS surname, {compared_name_sql('forename')} AS forename"
    )


def _frequencies(name: str, model: ProbableModel) -> str:
    counted = f"SELECT {name}, count(*) AS bearers FROM temp.face WHERE {name} IS NOT NULL GROUP BY ALL"
    compared = f"SELECT {compared_name_sql(name)} AS {name}, sum(bearers) AS bearers FROM ({counted}) GROUP BY ALL"
    return (
        f"CREATE TABLE frequency_{name} AS SELECT {name}, greatest(bearers, {model.least_bearers}) "
        f"/ greatest(sum(bearers) OVER (), {model.least_people}) AS tf_{name} FROM ({compared})"
    )


def _predict(connection: Connection, model: ProbableModel) -> None:
    from splink import DuckDBAPI, Linker  # here, because most commands need it not, and it takes half a second

    engine = DuckDBAPI(connection)
    sides = [engine.register(side, dataset_display_name=side) for side in SIDES]
    linker = Linker(sides, dict(model.settings), log_level=None)
    for name in BY_FREQUENCY:
        table = engine.register(f"frequency_{name}", table_name=f"known_{name}")
        linker.table_management.register_term_frequency_lookup(table, name)
    found = linker.inference.predict(threshold_match_weight=0.0, warning_mode="never")
    _choose(connection, found.physical_name, model)


def _choose(connection: Connection, pairs: str, model: ProbableModel) -> None:
    """Of each record the best person, or, where the next is close, both: two candidates are no match."""
    sound = (
        f"SELECT p.id_l AS who, n.person_id, max(p.match_weight) AS weight, max(p.match_probability) AS probability "
        f"FROM {pairs} p JOIN near n ON n.id = p.id_r WHERE {_SOUND} GROUP BY ALL"
    )
    best = "max(weight) OVER (PARTITION BY who)"
    connection.execute(
        f"INSERT INTO temp.candidate SELECT who, person_id, probability FROM ({sound}) "
        f"QUALIFY max(probability) OVER (PARTITION BY who) >= ? AND weight > {best} - ?",
        [model.threshold, model.margin_bits],
    )


PROBABLE = Rule(
    rank=RANK,
    name="probable",
    title="the weighed evidence of names, date of birth, sex, postcode and number says so with high probability, and "
    "of one person only",
    why="Slips, moves and marriages leave enough that agrees; how much, a model says that anybody can read.",
    find=_find,
)
