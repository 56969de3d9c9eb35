"""Ground floor: who may do what. People, projects, grants, disclosure policy, audit. No web, no DuckDB, no parser."""
