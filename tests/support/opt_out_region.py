"""A region of a few people for opt-outs: a spine of their numbers, merges and GP links, as the linkage writes it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from governance.settings import Settings
from governance.store import Store
from intake.optouts import Use, write_denied
from intake.optouts.answering import AnswerReport, import_check
from intake.optouts.asking import export_check
from intake.places import IntakePlaces

ACTOR = "operator:test"

FEEDS = ("ambulance", "community", "gp", "hospital", "mental_health", "social_care")


def nhs_number(place: int) -> int:
    """The place-th valid number of the range that is not issued."""
    for start in range(900_000_000 + 2 * place, 999_999_999):
        check = 11 - sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), str(start), strict=True)) % 11
        if check % 11 != 10:
            return start * 10 + check % 11
    raise ValueError(place)


def make_spine(
    settings: Settings,
    numbers: Mapping[int, Sequence[int]],
    *,
    merged: Iterable[tuple[int, int]] = (),
    gp_references: Mapping[int, int] | None = None,
) -> Path:
    """Write the spine: person_id -> NHS numbers, (from, to) merges, GP person_ref -> person_id."""
    file = IntakePlaces.of(settings).spine
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as spine:
        spine.execute("CREATE TABLE person (person_id BIGINT, nhs_number BIGINT)")
        spine.execute("CREATE TABLE nhs_number (nhs_number BIGINT, person_id BIGINT)")
        spine.execute("CREATE TABLE link (feed VARCHAR, person_ref UBIGINT, person_id BIGINT)")
        spine.execute(
            "CREATE TABLE merged (from_person_id BIGINT, to_person_id BIGINT, merged_at TIMESTAMP, why VARCHAR)"
        )
        people = pa.table({"p": pa.array(list(numbers), pa.int64())})
        pairs = [(number, person) for person, held in numbers.items() for number in held]
        known = pa.table({name: pa.array([pair[at] for pair in pairs], pa.int64()) for at, name in enumerate("np")})
        spine.register("people", people)
        spine.register("known", known)
        spine.execute("INSERT INTO person SELECT p, NULL FROM people")
        spine.execute("INSERT INTO nhs_number SELECT n, p FROM known")
        for gone, kept in merged:
            spine.execute("INSERT INTO merged VALUES (?, ?, NULL, 'test')", [gone, kept])
        for reference, person in (gp_references or {}).items():
            spine.execute("INSERT INTO link VALUES ('gp', ?, ?)", [reference, person])
    return file


def write_opt_outs(file: Path, rows: Iterable[str]) -> Path:
    """A file of opt-outs from its lines."""
    file.write_text("\n".join(["nhs_number,kind,controller,status,from,to", *rows]) + "\n", encoding="utf-8")
    return file


def ask_and_answer(settings: Settings, store: Store, folder: Path, *, opted_out: Container[int] = ()) -> AnswerReport:
    """A whole exchange with the check service, which leaves out the numbers that opted out."""
    number = len(list(folder.glob("check-*.dat")))
    request = export_check(settings, store, folder / f"check-{number}.dat", actor=ACTOR)
    lines = request.file.read_text().splitlines(keepends=True)
    answer = folder / f"answer-{number}.txt"
    answer.write_text("".join(line for line in lines if int(line[:10]) not in opted_out))
    return import_check(settings, store, answer, actor=ACTOR, everybody_opted_out=True)


def denied(settings: Settings, use: Use, people: Iterable[int], day: date | None = None) -> dict[tuple[int, str], str]:
    """(person, feed) -> reason, of everybody asked about."""
    with duckdb.connect() as connection:
        listed = ", ".join(f"({person})" for person in people)
        relation = f"(SELECT * FROM (VALUES {listed}) v(person_id))"
        write_denied(connection, settings, use, person_ids_relation=relation, day=day)
        rows = connection.execute("SELECT person_id, source_feed, kind FROM denied").fetchall()
    assert len({row[:2] for row in rows}) == len(rows)
    return {(person, feed): kind for person, feed, kind in rows}
