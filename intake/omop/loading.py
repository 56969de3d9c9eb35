"""Loads a site's own vocabulary download (tab-separated, as the OHDSI's Athena gives it) into the state folder.

Promise: every file is read and checked whole before anything counts; a new version appears whole under its name or not
at all; what a download does not have is kept from the version before.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from governance.clock import now
from governance.refusal import Refusal
from governance.registry.vocabularies import is_vocabulary_recorded, record_vocabulary
from governance.settings import Settings
from governance.store import Store
from intake.omop.cdm import cdm_tables
from intake.omop.concepts import AREAS, vocabulary_in_force
from intake.progress import Progress
from intake.sources import digest_file, open_workbench, quote_name, quote_text

#: Tables of a download that are kept. The first two are what codes are mapped with.
NEEDED = ("concept", "concept_relationship")
KEPT = (*NEEDED, "vocabulary", "domain", "concept_class", "relationship", "concept_ancestor", "concept_synonym")
AREA_FILE, AREA_COLUMNS = "lsoa_imd.csv", {"lsoa_code": "VARCHAR", "imd_decile": "INTEGER"}
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class LoadedVocabulary:
    """One version. `release`: what the download calls itself; `rows` by table; `sha256` over its files."""

    version: str
    release: str
    sha256: str
    rows: Mapping[str, int]


def load_vocabulary(
    settings: Settings, store: Store, folder: Path, *, actor: str, progress: Progress = lambda *_: None
) -> LoadedVocabulary:
    """Check and take in a download, and put it in force.

    Raises Refusal `no-vocabulary`, `vocabulary-malformed`, `disk-full`, `role-missing`; nothing is changed if it does.
    """
    files = _find(folder)
    before = vocabulary_in_force(settings).folder
    root = settings.folder.vocabulary
    with _building(root) as site, open_workbench() as connection:
        connection.execute(f"SET memory_limit = '{settings.intake_memory_bytes // 2**20}MiB'")
        connection.execute(f"SET temp_directory = {quote_text(str(site / '.spill'))}")
        rows = {}
        for done, (table, file) in enumerate(files.items()):
            progress(f"reading {file.name}", done, len(files) + 1)
            rows[table] = _take_in(connection, table, file, site)
        progress("checking", len(files), len(files) + 1)
        if "concept" in files:
            _check_concepts(connection, site)
        whole = hashlib.sha256("".join(f"{t} {digest_file(files[t])}\n" for t in sorted(files)).encode()).hexdigest()
        shutil.rmtree(site / ".spill", ignore_errors=True)
        rows |= _keep(before, site)
        loaded = LoadedVocabulary(f"{now():%Y%m%dT%H%M%S%f}-{whole[:8]}", _release(connection, site), whole, rows)
        (site / MANIFEST).write_text(json.dumps(asdict(loaded)))
        _close(site)
        place = root / loaded.version
        site.rename(place)
        _record(store, actor, loaded, place)
    return loaded


def read_loaded(folder: Path) -> LoadedVocabulary:
    """What is known of a version. Raises Refusal `vocabulary-malformed`."""
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return LoadedVocabulary(**document)
    except (OSError, ValueError, TypeError):
        raise _malformed(MANIFEST, "is damaged") from None


def _find(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise Refusal("no-vocabulary", f"There is no folder {folder}.", "Name the folder of the unpacked download.")
    held = {file.name.lower(): file for file in sorted(folder.iterdir()) if file.is_file() and not file.is_symlink()}
    files = {table: held[f"{table}.csv"] for table in KEPT if f"{table}.csv" in held}
    if AREA_FILE in held:
        files["area"] = held[AREA_FILE]
    if not files or (("area" not in files or len(files) > 1) and not set(NEEDED) <= set(files)):
        raise Refusal(
            "no-vocabulary",
            "The folder does not have CONCEPT.csv and CONCEPT_RELATIONSHIP.csv.",
            "Unpack the download there; LSOA_IMD.csv (lsoa_code, imd_decile) may come alone.",
        )
    return files


@contextmanager
def _building(root: Path) -> Iterator[Path]:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    site = Path(tempfile.mkdtemp(prefix=".building-", dir=root))
    try:
        yield site
    except (duckdb.IOException, duckdb.OutOfMemoryException, OSError):
        raise Refusal("disk-full", "The vocabulary could not be written.", "Free some space and load again.") from None
    finally:
        shutil.rmtree(site, ignore_errors=True)


def _take_in(connection: duckdb.DuckDBPyConnection, table: str, file: Path, site: Path) -> int:
    """Write one table as Parquet; a value that is not of its column's type refuses the file."""
    columns = AREA_COLUMNS if table == "area" else {c.name: c.type for c in cdm_tables()[table].columns.values()}
    needed = set(columns) if table == "area" else {c.name for c in cdm_tables()[table].columns.values() if c.required}
    relation = _relation(file, table)
    try:
        held = {str(row[0]).lower(): str(row[0]) for row in connection.execute(f"DESCRIBE {relation}").fetchall()}
        if not set(columns) <= set(held):
            raise _malformed(file.name, "lacks columns of the model")
        wrong = [_wrong(quote_name(held[name]), kind, name in needed) for name, kind in columns.items()]
        counted = connection.execute(f"SELECT count(*), count(*) FILTER ({' OR '.join(wrong)}) FROM ({relation})")
        rows, bad = counted.fetchall()[0]
        if bad or not rows:
            raise _malformed(file.name, f"has {int(bad):,} rows with values that are missing or not of their type")
        typed = ", ".join(f"{_typed(quote_name(held[name]), kind)} AS {name}" for name, kind in columns.items())
        place = quote_text(str(site / (AREAS if table == "area" else f"{table}.parquet")))
        connection.execute(f"COPY (SELECT {typed} FROM ({relation})) TO {place} (FORMAT parquet)")
    except duckdb.IOException:
        raise
    except duckdb.Error:
        raise _malformed(file.name, "cannot be read as a table") from None
    return int(rows)


def _relation(file: Path, table: str) -> str:
    """A download has tabs and quotes nothing; a list of areas is an ordinary CSV."""
    how = "delim = ',', quote = '\"'" if table == "area" else "delim = '\t', quote = '', escape = ''"
    return f"SELECT * FROM read_csv({quote_text(str(file))}, all_varchar = true, header = true, {how})"


def _typed(held: str, kind: str) -> str:
    """Days are written 20260131 in a download, 2026-01-31 elsewhere."""
    text = f"nullif({held}, '')"
    if kind == "DATE":
        return f"coalesce(CAST(try_strptime({text}, '%Y%m%d') AS DATE), TRY_CAST({text} AS DATE))"
    return text if kind == "VARCHAR" else f"TRY_CAST({text} AS {kind})"


def _wrong(held: str, kind: str, needed: bool) -> str:
    missing = f"({held} IS NULL OR {held} = '')"
    unreadable = f"(NOT {missing} AND {_typed(held, kind)} IS NULL)"
    return f"{unreadable} OR {missing}" if needed else unreadable


def _check_concepts(connection: duckdb.DuckDBPyConnection, site: Path) -> None:
    """Each concept once, and something to map with."""
    concept, relation = (f"read_parquet({quote_text(str(site / f'{name}.parquet'))})" for name in NEEDED)
    twice = connection.execute(f"SELECT count(concept_id) - count(DISTINCT concept_id) FROM {concept}").fetchall()
    if twice[0][0]:
        raise _malformed("CONCEPT.csv", f"has {int(twice[0][0]):,} concepts more than once")
    targets = (
        f"SELECT count(*) FROM {relation} r JOIN {concept} c ON c.concept_id = r.concept_id_2"
        " WHERE r.relationship_id = 'Maps to' AND c.standard_concept = 'S'"
    )
    if not connection.execute(targets).fetchall()[0][0]:
        raise _malformed("CONCEPT_RELATIONSHIP.csv", "maps no code to a standard concept of the download")


def _keep(before: Path | None, site: Path) -> dict[str, int]:
    """Tables of the version before that this download does not have; a vocabulary's tables stay together."""
    if before is None:
        return {}
    known = read_loaded(before).rows
    fresh = any((site / f"{name}.parquet").exists() for name in NEEDED)
    wanted = {"area": AREAS} if fresh else {name: f"{name}.parquet" for name in KEPT}
    kept = {}
    for table, name in wanted.items():
        if not (site / name).exists() and (before / name).is_file():
            shutil.copyfile(before / name, site / name)
            kept[table] = known.get(table, 0)
    return kept


def _release(connection: duckdb.DuckDBPyConnection, site: Path) -> str:
    file = site / "vocabulary.parquet"
    if not file.is_file():
        return ""
    asked = f"SELECT vocabulary_version FROM read_parquet({quote_text(str(file))}) WHERE vocabulary_id = 'None'"
    found = connection.execute(asked).fetchall()
    return str(found[0][0])[:200] if found and found[0][0] else ""


def _close(site: Path) -> None:
    for file in site.iterdir():
        file.chmod(0o400)
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _record(store: Store, actor: str, loaded: LoadedVocabulary, place: Path) -> None:
    """In force only with its event: if that cannot be written, the version goes."""
    try:
        concepts = loaded.rows.get("concept", 0)
        record_vocabulary(store, actor=actor, version=loaded.version, sha256=loaded.sha256, concepts=concepts)
    except BaseException:
        with suppress(Exception):
            if not is_vocabulary_recorded(store, loaded.version):  # an interrupt can come when it is
                shutil.rmtree(place, ignore_errors=True)
        raise


def _malformed(name: str, what: str) -> Refusal:
    return Refusal("vocabulary-malformed", f"{name} {what}.", "Download the vocabularies again and load them whole.")
