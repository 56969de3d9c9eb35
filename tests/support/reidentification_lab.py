"""A gateway where somebody can be re-identified: an extract under a project's key, a spine that knows whose it is, two
keyholders and a clinician with keys of their own. Small, but every part is the product's.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from governance.extracts import load_project_data
from governance.registry.sealing_keys import enrol_sealing_key
from governance.roles import ExtractOrigin, Purpose
from governance.settings import Settings, load_settings
from governance.store import Store, open_store
from intake.cut.pipeline import ExtractOrder, build_extract
from intake.cut.source import AdoptedDatabase, Source
from intake.keys import FileKeyStore
from intake.places import IntakePlaces
from intake.reidentification import OwnKey, Question

PROJECT, OTHER_PROJECT, ASKING, CLINICIAN = "diabetes-care", "winter-pressure", "researcher-c", "clinician"
KEYHOLDERS = ("keyholder-a", "keyholder-b")
OPERATOR = "operator:test"
PEOPLE = 40  # numbered from 1; 41 was merged into 1
_IDS = 70_000_000


def _is_valid(number: int) -> bool:
    return sum(int(digit) * weight for digit, weight in zip(str(number), range(10, 0, -1), strict=True)) % 11 == 0


_NUMBERS = [number for number in range(9_990_000_000, 9_990_001_000) if _is_valid(number)]


def number_of(person: int) -> int:
    """The NHS number of a person of the lab: valid, of the range never issued."""
    return _NUMBERS[person]


def spine_id(person: int) -> int:
    """The id of a person of the lab in the spine."""
    return _IDS + person


@dataclass(frozen=True)
class LinkedSource:
    """The lab's people as the region would give them: under the spine's ids."""

    folder: Path

    def open(self, connection: duckdb.DuckDBPyConnection, purpose: Purpose) -> Source:
        found = AdoptedDatabase(self.folder, "made for a test").open(connection, purpose)
        return replace(found, origin=ExtractOrigin.REGION, region_version="test", opt_out_version="test")


@dataclass(frozen=True)
class Lab:
    """The gateway, and everybody's own key by subject."""

    settings: Settings
    store: Store
    own: dict[str, OwnKey]
    source: Path

    def pseudonym(self, person: int, project: str = PROJECT) -> int:
        [made] = FileKeyStore(self.settings.folder.keys).open(project, "person").pseudonyms([spine_id(person)])
        return made

    def question(self, *people: int, **changes: object) -> Question:
        asked = Question(
            PROJECT,
            ASKING,
            CLINICIAN,
            "direct_care",
            "A result that nobody has acted upon.",
            tuple(self.pseudonym(person) for person in people),
        )
        return replace(asked, **changes)

    def cut(self, project: str) -> None:
        build_extract(self.settings, self.store, ExtractOrder(project, LinkedSource(self.source)), actor=OPERATOR)

    def database(self, project: str = PROJECT) -> Path:
        with self.store.reading() as session:
            return load_project_data(self.settings, session, project).database


def make_lab(settings: Settings, store: Store, scratch: Path, *, cut: bool = True) -> Lab:
    """A lab on a demo register, with keys already enrolled; with `cut` two projects have extracts."""
    source = scratch / "source"
    source.mkdir()
    rows = "".join(f"{spine_id(person)},8507,{1940 + person}\n" for person in [*range(1, PEOPLE + 1), PEOPLE + 1])
    (source / "person.csv").write_text("person_id,gender_concept_id,year_of_birth\n" + rows)
    write_spine(IntakePlaces.of(settings).spine)
    own = {subject: OwnKey(subject, X25519PrivateKey.generate()) for subject in (*KEYHOLDERS, CLINICIAN)}
    for subject, key in own.items():
        enrol_sealing_key(store, actor=OPERATOR, subject=subject, public_key=key.public_bytes)
    lab = Lab(settings, store, own, source)
    for project in (PROJECT, OTHER_PROJECT) if cut else ():
        lab.cut(project)
    return lab


def write_spine(file: Path) -> None:
    """The tables of the spine that others may rely on (intake.linkage.spine), for the lab's people."""
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as spine:
        people = ", ".join(f"({spine_id(person)}, {number_of(person)})" for person in range(1, PEOPLE + 1))
        spine.execute(
            "CREATE TABLE person AS SELECT CAST(i AS BIGINT) AS person_id, CAST(n AS BIGINT) AS nhs_number, "
            f"DATE '1950-01-01' AS date_of_birth, 'F' AS sex FROM (VALUES {people}) t(i, n)"
        )
        spine.execute(
            f"CREATE TABLE nhs_number AS SELECT nhs_number, person_id, person_id AS own_id FROM person "
            f"UNION ALL SELECT {number_of(PEOPLE + 1)}, {spine_id(1)}, {spine_id(PEOPLE + 1)}"
        )
        spine.execute(
            f"CREATE TABLE merged AS SELECT CAST({spine_id(PEOPLE + 1)} AS BIGINT) AS from_person_id, "
            f"CAST({spine_id(1)} AS BIGINT) AS to_person_id, TIMESTAMP '2026-01-01' AS \"at\", 'test' AS why"
        )
        spine.execute(
            "CREATE TABLE link AS SELECT 'gp' AS feed, CAST(person_id AS UBIGINT) AS person_ref, person_id, "
            "CAST(1 AS UTINYINT) AS match_rank, 1.0 AS confidence FROM person"
        )


def make_template(state: Path, demo: Path, *, cut: bool = True) -> Lab:
    """A lab of which tests open copies, because making one takes a while. `demo`: a state folder to begin with."""
    settings = load_settings(state=state)
    shutil.copytree(demo, state)
    settings.folder.create()
    lab = make_lab(settings, open_store(settings), state.parent, cut=cut)
    lab.store.close()
    return lab


def open_copy(lab: Lab, settings: Settings) -> Iterator[Lab]:
    """The same lab on a copy of its state folder, for as long as it is used."""
    shutil.copytree(lab.settings.folder.root, settings.folder.root)
    settings.folder.create()
    store = open_store(settings)
    yield replace(lab, settings=settings, store=store)
    store.close()
