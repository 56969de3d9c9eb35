"""The vocabulary in force: the site's own download if one is loaded, beside the short one that comes with the software.

`open_vocabulary` makes temporary tables: `concept` in the model's columns, `code_map` from the codes of the feeds to
standard concepts (a code may have several: `ordinal` numbers them), `area_decile` with the deprivation of small areas.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import duckdb

from governance.settings import Settings
from intake.omop.mapping import DOMAIN_TABLES, OTHER_DOMAINS
from intake.sources import quote_text

MINI_VERSION = "mini-1"
FIRST_OF_SITE = 2_000_000_000  # ids above are nobody's official ones
MOST_TARGETS = 16  # of one code; an identifier has four bits for it
#: Vocabularies of the feeds as a download names them, and codes as the feeds write them: without a dot.
_PLAIN = "replace(concept_code, '.', '')"


AREAS = "area_decile.parquet"


@dataclass(frozen=True)
class Vocabulary:
    """Which vocabulary is in force. `folder`: of the site's own, as `sde vocabulary load` made it; None: the short
    one."""

    version: str
    folder: Path | None = None


def vocabulary_in_force(settings: Settings) -> Vocabulary:
    """The newest that was loaded, or the short one."""
    root = settings.folder.vocabulary
    loaded = sorted(folder for folder in root.glob("[0-9]*") if folder.is_dir()) if root.is_dir() else []
    return Vocabulary(loaded[-1].name, loaded[-1]) if loaded else Vocabulary(MINI_VERSION)


def open_vocabulary(connection: duckdb.DuckDBPyConnection, loaded: Path | None) -> None:
    """Make the temporary tables. `loaded`: folder of the site's own vocabulary, if any. What it has of a code wins; the
    short vocabulary keeps the codes of lists, which no download has.

    Raises duckdb.Error for a folder that `sde vocabulary load` has not made.
    """
    _read_mini(connection)
    if loaded is None or not (loaded / "concept.parquet").is_file():  # a list of areas may have come alone
        connection.execute("CREATE TEMP TABLE concept AS SELECT * FROM mini_concept")
        connection.execute("CREATE TEMP TABLE code AS SELECT *, 0 AS ordinal FROM mini_code")
    else:
        _read_loaded(connection, loaded)
    _join_targets(connection)
    _read_areas(connection, loaded)


def _read_areas(connection: duckdb.DuckDBPyConnection, loaded: Path | None) -> None:
    """The temporary table `area_decile` (lsoa_code, imd_decile), empty unless the site has loaded one."""
    connection.execute("CREATE TEMP TABLE area_decile (lsoa_code VARCHAR, imd_decile INTEGER)")
    if loaded is not None and (loaded / AREAS).is_file():
        connection.execute(f"INSERT INTO area_decile SELECT * FROM read_parquet({quote_text(str(loaded / AREAS))})")


def _read_mini(connection: duckdb.DuckDBPyConnection) -> None:
    with as_file(files("intake.omop").joinpath("vocabulary")) as folder:
        for name in ("concept", "code_map", "units"):
            connection.execute(
                f"CREATE TEMP TABLE mini_{name.removesuffix('_map')} AS SELECT * FROM read_csv("
                f"{quote_text(str(folder / f'{name}.csv'))}, all_varchar = true, header = true, delim = ',',"
                " quote = '\"')"
            )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE mini_concept AS SELECT CAST(concept_id AS BIGINT) AS concept_id, concept_name,"
        " domain_id, vocabulary_id, concept_class_id, nullif(standard_concept, '') AS standard_concept, concept_code,"
        " DATE '1970-01-01' AS valid_start_date, DATE '2099-12-31' AS valid_end_date,"
        " CAST(NULL AS VARCHAR) AS invalid_reason FROM mini_concept"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE mini_code AS SELECT m.vocabulary, m.code,"
        " CASE WHEN c.concept_code IN (m.code, m.vocabulary || ':' || m.code) THEN c.concept_id ELSE 0 END"
        " AS source_concept_id, CAST(m.concept_id AS BIGINT) AS concept_id FROM mini_code m"
        " JOIN mini_concept c ON c.concept_id = CAST(m.concept_id AS BIGINT)"
    )


def _read_loaded(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    concept = f"read_parquet({quote_text(str(folder / 'concept.parquet'))})"
    relations = f"read_parquet({quote_text(str(folder / 'concept_relationship.parquet'))})"
    connection.execute(
        f"CREATE TEMP TABLE concept AS SELECT * FROM {concept} UNION ALL BY NAME SELECT * FROM mini_concept m"
        f" WHERE NOT EXISTS (SELECT 1 FROM {concept} c WHERE c.concept_id = m.concept_id)"
    )
    connection.execute(
        "CREATE TEMP TABLE loaded_code AS SELECT s.vocabulary_id AS vocabulary, s.spelled AS code,"
        " s.concept_id AS source_concept_id, t.concept_id FROM (SELECT concept_id, vocabulary_id,"
        f" unnest(CASE WHEN vocabulary_id = 'ICD10' AND length({_PLAIN}) = 3 THEN [{_PLAIN}, {_PLAIN} || 'X']"
        f" ELSE [{_PLAIN}] END) AS spelled FROM {concept} WHERE vocabulary_id IN"
        " (SELECT DISTINCT vocabulary FROM mini_code)) s"
        f" JOIN {relations} r ON r.concept_id_1 = s.concept_id AND r.relationship_id = 'Maps to'"
        " AND r.invalid_reason IS NULL"
        f" JOIN {concept} t ON t.concept_id = r.concept_id_2 AND t.standard_concept = 'S'"
    )
    connection.execute(
        "CREATE TEMP TABLE code AS SELECT *, CAST(row_number() OVER (PARTITION BY vocabulary, code ORDER BY concept_id)"
        f" - 1 AS INTEGER) AS ordinal FROM loaded_code QUALIFY ordinal < {MOST_TARGETS}"
        " UNION ALL BY NAME SELECT *, 0 AS ordinal FROM mini_code m"
        " WHERE NOT EXISTS (SELECT 1 FROM loaded_code l WHERE l.vocabulary = m.vocabulary AND l.code = m.code)"
    )


def _join_targets(connection: duckdb.DuckDBPyConnection) -> None:
    """Add each concept's table of the model and, for a measurement, its usual unit."""
    tables = " ".join(f"WHEN {quote_text(domain)} THEN {quote_text(table)}" for domain, table in DOMAIN_TABLES.items())
    connection.execute(
        "CREATE TEMP TABLE code_map AS SELECT k.vocabulary, k.code, k.ordinal, k.source_concept_id, k.concept_id,"
        f" CASE c.domain_id {tables} ELSE {quote_text(OTHER_DOMAINS)} END AS target,"
        " CAST(u.unit_concept_id AS BIGINT) AS unit_concept_id, u.unit FROM code k"
        " JOIN concept c ON c.concept_id = k.concept_id LEFT JOIN ("
        " SELECT m.vocabulary, m.code, min(u.unit_concept_id) AS unit_concept_id, min(u.unit) AS unit FROM mini_code m"
        " JOIN mini_units u ON CAST(u.concept_id AS BIGINT) = m.concept_id GROUP BY ALL) u USING (vocabulary, code)"
    )
