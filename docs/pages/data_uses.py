"""The JSON Schema of the public register of data uses, from governance.data_uses.schema."""

from __future__ import annotations

import json

from governance.data_uses.schema import SCHEMA


def schema() -> str:
    """The schema as a document."""
    return json.dumps(SCHEMA, indent=2, ensure_ascii=False)
