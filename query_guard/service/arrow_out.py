"""An answer as an Arrow IPC stream with the receipt in its schema."""

from __future__ import annotations

import json

import pyarrow as pa

from query_guard.outcome import QueryResult

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
METADATA_KEY = b"sde"


def as_arrow_stream(result: QueryResult, table: pa.Table) -> bytes:
    """The stream; schema metadata `sde` is JSON about receipt, suppression, flags and policy."""
    about = {
        "receipt": result.receipt,
        "suppressed": {"rows": result.suppressed_rows, "cells": result.suppressed_cells},
        "flags": result.flags,
        "profile": result.profile,
        "policy_version": result.policy_version,
    }
    table = table.replace_schema_metadata({METADATA_KEY: json.dumps(about, sort_keys=True).encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))
