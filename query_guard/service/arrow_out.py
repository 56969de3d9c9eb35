"""An answer as an Arrow IPC stream with the receipt in its schema."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from query_guard.outcome import QueryResult

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
METADATA_KEY = b"sde"


def about_answer(result: QueryResult) -> dict[str, Any]:
    """What travels with an answer in every format: receipt, suppression, flags and policy."""
    return {
        "receipt": result.receipt,
        "suppressed": {"rows": result.suppressed_rows, "cells": result.suppressed_cells},
        "flags": result.flags,
        "profile": result.profile,
        "policy_version": result.policy_version,
    }


def as_arrow_stream(result: QueryResult, table: pa.Table) -> bytes:
    """The stream; schema metadata `sde` is JSON of `about_answer`."""
    about = about_answer(result)
    table = table.replace_schema_metadata({METADATA_KEY: json.dumps(about, sort_keys=True).encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))
