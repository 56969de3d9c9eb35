"""A region of a few people for opt-outs: a spine of their numbers, merges and GP links, as the linkage writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from governance.settings import Settings
from intake.places import IntakePlaces

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
        for person, held in numbers.items():
            spine.execute("INSERT INTO person VALUES (?, ?)", [person, held[0] if held else None])
            for number in held:
                spine.execute("INSERT INTO nhs_number VALUES (?, ?)", [number, person])
        for gone, kept in merged:
            spine.execute("INSERT INTO merged VALUES (?, ?, NULL, 'test')", [gone, kept])
        for reference, person in (gp_references or {}).items():
            spine.execute("INSERT INTO link VALUES ('gp', ?, ?)", [reference, person])
    return file
