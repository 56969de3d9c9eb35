"""The only door in: an OMOP database becomes a project's read-only, re-keyed extract."""
