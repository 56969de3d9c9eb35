"""Translation rules: what of a dialect means something else in DuckDB, and what is written instead."""
