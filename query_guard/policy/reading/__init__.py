"""Reading: stages 0 and 1 of the guard, for DuckDB's SQL and the dialects analysts arrive with."""

from query_guard.policy.reading.dialects import DIALECTS, Dialect, dialect_named
from query_guard.policy.reading.statement import read_statement
from query_guard.policy.reading.wording import in_dialect

__all__ = ["DIALECTS", "Dialect", "dialect_named", "in_dialect", "read_statement"]
