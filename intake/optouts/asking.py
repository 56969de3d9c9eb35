"""Asks the national check service: writes the file of NHS numbers that it is sent.

Promises: nobody in the region is left out but by an invalid number, which is counted (and stays denied); the file has
the service's form (`.dat`, one `number,` a line, LF) and appears whole or not at all, 0600.

The numbers stand in an order of this request's own. The service's answer holds nothing that names a request; if it is
in the order of an earlier one, it is that one's answer (see `answering`).

Source: NHS England, "Check for national data opt-outs service": file format and naming.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from governance.audit import Detail
from governance.clock import now
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from intake.nhs_number import nhs_number_sql
from intake.optouts.changing import TARGET, Outcome, change_opt_outs
from intake.optouts.database import Connection, attached
from intake.optouts.people import SPINE
from intake.places import IntakePlaces
from intake.progress import Progress

BATCH = 100_000


@dataclass(frozen=True)
class CheckRequest:
    """One file for the service. `left_out`: numbers in the region that are not valid and would spoil the file."""

    number: int
    asked_at: datetime
    file: Path
    numbers: int
    left_out: int


def export_check(
    settings: Settings,
    store: Store,
    file: Path | None = None,
    *,
    actor: str,
    progress: Progress = lambda *_: None,
) -> CheckRequest:
    """Write the file for the check service and put the request on record; an earlier one without an answer is void.

    Args:
        file: where to; a place in the identifiable zone named by day and number if not given.

    Raises Refusal `no-spine`, `nobody-to-ask`, `file-exists`, `bad-file-name` and those of `change_opt_outs`.
    """
    spine = IntakePlaces.of(settings).spine
    if not spine.is_file():
        raise Refusal("no-spine", "Nobody has been linked yet.", "Build the region first: sde region build")
    made: list[Path] = []

    def work(connection: Connection, version: int) -> Outcome[CheckRequest]:
        del version
        number = _next_request(connection)
        target = file or _own_place(settings, number)
        _check_free(target)
        seed = secrets.token_hex(16)
        with attached(connection, spine, SPINE) as alias:
            left_out = _choose(connection, alias, number)
        spare = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        made.append(spare)
        numbers, digest = _write(connection, number, seed, spare, progress)
        asked_at = now()
        connection.execute(
            f"INSERT INTO {TARGET}.request VALUES (?, ?, ?, ?, ?)",
            [number, seed, asked_at.replace(tzinfo=None), numbers, digest],
        )
        request = CheckRequest(number, asked_at, target, numbers, left_out)
        detail: Detail = {"request": number, "numbers": numbers, "left_out": left_out}
        return Outcome(request, digest, detail, is_version=False)

    try:
        request = change_opt_outs(settings, store, work, event="optouts.check_exported", actor=actor)
        made[0].rename(request.file)
    finally:
        for spare in made:
            spare.unlink(missing_ok=True)
    return request


def order_sql(seed: str, column: str) -> str:
    """SQL of the place of a number in the order of a request."""
    return f"md5('{seed}' || lpad({column}::VARCHAR, 10, '0'))"


def _next_request(connection: Connection) -> int:
    rows = connection.execute(f"SELECT coalesce(max(number), 0) + 1 FROM {TARGET}.request").fetchall()
    return int(rows[0][0])


def _own_place(settings: Settings, number: int) -> Path:
    folder = IntakePlaces.of(settings).identifiable / "checks"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"check-{now():%d%m%y}-{number:04}.dat"


def _check_free(file: Path) -> None:
    if not file.name.lower().endswith(".dat"):
        raise Refusal("bad-file-name", "The check service takes files whose names end with .dat.", "Name it so.")
    if file.exists():
        raise Refusal("file-exists", f"There is a file {file.name} already.", "Choose another name.")
    if not file.parent.is_dir():
        raise Refusal("no-such-folder", "There is no such folder to write the file into.", "Make it first, 0700.")


def _choose(connection: Connection, spine: str, number: int) -> int:
    """Fill `asked`; requests that were never answered are void. Returns how many numbers are left out."""
    connection.execute(f"DELETE FROM {TARGET}.asked WHERE request NOT IN (SELECT request FROM {TARGET}.answer)")
    everybody = f"(SELECT DISTINCT nhs_number FROM {spine}.nhs_number WHERE nhs_number IS NOT NULL)"
    is_valid = nhs_number_sql("nhs_number")
    connection.execute(f"INSERT INTO {TARGET}.asked SELECT {number}, nhs_number FROM {everybody} AS e WHERE {is_valid}")
    rows = connection.execute(f"SELECT count(*) FROM {everybody} AS e WHERE NOT {is_valid}").fetchall()
    return int(rows[0][0])


def _write(connection: Connection, number: int, seed: str, file: Path, progress: Progress) -> tuple[int, str]:
    rows = connection.execute(f"SELECT count(*) FROM {TARGET}.asked WHERE request = {number}").fetchall()
    total, written, digest = int(rows[0][0]), 0, hashlib.sha256()
    if not total:
        raise Refusal("nobody-to-ask", "Nobody in the region has a valid NHS number.", "Link the deliveries first.")
    connection.execute(
        f"SELECT lpad(nhs_number::VARCHAR, 10, '0') FROM {TARGET}.asked WHERE request = {number}"
        f" ORDER BY {order_sql(seed, 'nhs_number')}"
    )
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
        while batch := connection.fetchmany(BATCH):
            lines = "".join(f"{row[0]},\n" for row in batch).encode("ascii")
            stream.write(lines)
            digest.update(lines)
            written += len(batch)
            progress("writing the file for the check service", written, total)
        stream.flush()
        os.fsync(stream.fileno())
    return total, digest.hexdigest()
