"""The register of data uses as documents for machines: JSON and CSV. Promise: both say the same as the pages, and no
cell of the CSV is a formula to whoever opens it in a spreadsheet.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from governance.data_uses.entries import Data, DataUse

FORMAT = 1
#: A spreadsheet reads a cell that begins with one of these as a formula, also behind spaces (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
COLUMNS = (
    *("short_name", "title", "status", "starts", "ends", "summary", "public_benefit", "organisations", "sponsor"),
    *("funder", "purpose", "legal_basis", "opt_outs_honoured", "people", "data", "what_is_answered"),
    *("intended_outputs", "releases", "files_released", "latest_release", "published"),
)


def to_json(uses: Sequence[DataUse], made_on: date) -> str:
    """The whole register, as the schema in `governance.data_uses.schema` has it."""
    document = {"format": FORMAT, "made_on": made_on.isoformat(), "data_uses": [_entry(use) for use in uses]}
    return json.dumps(document, ensure_ascii=False, indent=1, default=_plain) + "\n"


def to_csv(uses: Sequence[DataUse]) -> str:
    """One line a project; what is a list has `; ` between its parts. RFC 4180, UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([defuse(cell) for cell in _cells(use)] for use in uses)
    return out.getvalue()


def defuse(cell: str) -> str:
    """The cell as text to every spreadsheet: an apostrophe is put before what would be a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) or cell.lstrip().startswith(FORMULA) else cell


def _entry(use: DataUse) -> dict[str, Any]:
    released = asdict(use.released)
    return {
        "short_name": use.slug,
        "title": use.title,
        "status": use.status,
        "starts": use.starts,
        "ends": use.ends,
        "summary": use.summary,
        "public_benefit": use.public_benefit,
        "organisations": use.organisations,
        "sponsor": use.sponsor,
        "funder": use.funder,
        "purpose": {"code": use.purpose, "words": use.purpose_words},
        "legal_basis": use.legal_basis,
        "opt_outs_honoured": {"kinds": use.opt_outs, "applied_by_supplier": use.opt_outs_by_supplier},
        "people_rounded": use.people,
        "data": [asdict(data) for data in use.data],
        "what_is_answered": use.answers,
        "intended_outputs": [asdict(intended) for intended in use.intended],
        "released": {**released, "latest": released["latest"] or None},
        "published": [asdict(published) for published in use.published],
    }


def _cells(use: DataUse) -> list[str]:
    return [
        *(use.slug, use.title, use.status, str(use.starts), str(use.ends), use.summary, use.public_benefit),
        *(_list(use.organisations), use.sponsor, use.funder, use.purpose_words, use.legal_basis),
        *(_list(use.opt_outs), str(use.people or ""), _list(map(_say, use.data)), use.answers),
        *(_list(one.title for one in use.intended), str(use.released.releases), str(use.released.files)),
        *(use.released.latest, _list(f"{one.title} {one.link}" for one in use.published)),
    ]


def _say(data: Data) -> str:
    period = f" ({data.starts or ''} to {data.ends or ''})" if data.starts or data.ends else ""
    return f"{data.words} [{data.table}]{period}"


def _list(parts: Iterable[str]) -> str:
    return "; ".join(parts)


def _plain(value: Any) -> str:
    if not isinstance(value, date):
        raise TypeError(type(value).__name__)
    return value.isoformat()
