"""The JSON Schema of the register of data uses, as data: published in docs/reference and held against the JSON by a
test, so that those who read it by machine know when it changes (`format`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.data_uses.document import FORMAT
from governance.data_uses.entries import ENDED, NOT_STARTED, PAUSED, RUNNING
from governance.roles import Purpose

TEXT: Mapping[str, Any] = {"type": "string"}
COUNT: Mapping[str, Any] = {"type": "integer", "minimum": 0}
DAY: Mapping[str, Any] = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
NO_DAY: Mapping[str, Any] = {"type": "null"}


def _object(about: str, **fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": about,
        "properties": {name: dict(field) for name, field in fields.items()},
        "required": list(fields),
        "additionalProperties": False,
    }


def _list(of: Mapping[str, Any], about: str = "") -> dict[str, Any]:
    return {"type": "array", "items": dict(of), **({"description": about} if about else {})}


def _said(field: Mapping[str, Any], about: str) -> dict[str, Any]:
    return {**field, "description": about}


DATA_USE = _object(
    "One project that uses data, or did.",
    short_name=_said(TEXT, "Never changes; the last part of the address of its page."),
    title=TEXT,
    status=_said({"enum": [RUNNING, NOT_STARTED, PAUSED, ENDED]}, "On the day the register was made."),
    starts=_said(DAY, "First day, inclusive."),
    ends=_said(DAY, "Last day, inclusive."),
    summary=_said(TEXT, "For the public. Empty texts have not been written."),
    public_benefit=TEXT,
    organisations=_list(TEXT),
    sponsor=TEXT,
    funder=TEXT,
    purpose=_object("Why data are used.", code={"enum": [purpose.value for purpose in Purpose]}, words=TEXT),
    legal_basis=TEXT,
    opt_outs_honoured=_object(
        "Whose records are left out.",
        kinds=_list(TEXT),
        applied_by_supplier=_said({"type": "boolean"}, "True where the data came from elsewhere, opt-outs applied."),
    ),
    people_rounded=_said({"type": ["integer", "null"]}, "In its data; null if fewer than 1,000 or no data yet."),
    data=_list(
        _object(
            "One kind of record.",
            table=_said(TEXT, "In the OMOP common data model; * is every table."),
            words=TEXT,
            columns=_list(TEXT, "Empty: all of the table's columns that projects may have."),
            starts={"anyOf": [DAY, NO_DAY]},
            ends={"anyOf": [DAY, NO_DAY]},
            chosen_codes_only=_said({"type": "boolean"}, "Only rows with codes that the project named."),
        )
    ),
    what_is_answered=TEXT,
    intended_outputs=_list(_object("What is to be published.", title=TEXT, description=TEXT)),
    released=_object(
        "What left the secure area after checks; what was called back is not counted.",
        releases=COUNT,
        files=COUNT,
        latest={"type": ["string", "null"], "pattern": r"^\d{4}-\d{2}$"},
    ),
    published=_list(
        _object("What everybody can read.", title=TEXT, link=_said(TEXT, "https"), published_on=DAY),
    ),
)
SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Register of data uses of an SDE Gateway",
    **_object(
        "Projects that use data, and those that did.",
        format=_said({"const": FORMAT}, "Changes when this schema does."),
        made_on=DAY,
        data_uses=_list(DATA_USE),
    ),
}
