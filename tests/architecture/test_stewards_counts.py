"""How many rows and people opted out is for data stewards: no room that meets researchers reads where it stands."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Where such counts stand: the manifest's ledger, and the pages of counts.
LEDGER = re.compile(r"people_ledger|opted_out|read_manifest\(|\[\"steps\"\]|\.steps\b.*manifest|folder\.reports")
#: The portal's page of reports, which asks for the role first.
ALLOWED = {"hub/portal/report_files.py"}


def test_no_room_but_the_intake_reads_the_ledger() -> None:
    rooms = [ROOT / room for room in ("hub", "query_guard", "egress", "images")]
    found = {
        str(file.relative_to(ROOT))
        for room in rooms
        for file in room.rglob("*.py")
        if LEDGER.search(file.read_text(encoding="utf-8"))
    }
    assert found <= ALLOWED


def test_what_the_guard_is_given_has_no_field_for_it() -> None:
    from dataclasses import fields

    from governance.extracts import ProjectData

    assert {field.name for field in fields(ProjectData)} == {
        "database",
        "catalogue",
        "sha256",
        "people",
        "cut",
        "built_on",
    }
