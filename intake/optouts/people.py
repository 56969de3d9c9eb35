"""What the opt-outs need to know of the person spine: which NHS numbers somebody in the region has."""

from __future__ import annotations

from governance.settings import Settings
from intake.optouts.database import Connection, attached
from intake.places import IntakePlaces

SPINE = "sde_opt_out_spine"


def count_unknown(connection: Connection, settings: Settings, numbers: str) -> int:
    """How many distinct nhs_number of a relation nobody in the region has (all of them before the first link)."""
    spine = IntakePlaces.of(settings).spine
    if not spine.is_file():
        return int(connection.execute(f"SELECT count(DISTINCT nhs_number) FROM {numbers}").fetchall()[0][0])
    with attached(connection, spine, SPINE) as alias:
        rows = connection.execute(
            f"SELECT count(DISTINCT nhs_number) FROM {numbers} n WHERE nhs_number NOT IN"
            f" (SELECT nhs_number FROM {alias}.nhs_number WHERE nhs_number IS NOT NULL)"
        ).fetchall()
    return int(rows[0][0])
