"""The tables an extract may hold, from intake.omop."""

from __future__ import annotations

from intake.omop import omop_catalogue


def page() -> str:
    """Every table and column with what the guard allows."""
    parts = ["# Tables an extract may hold (OMOP CDM)\n\nWhat is not listed is dropped at adoption."]
    for table in omop_catalogue().tables.values():
        parts.append(f"## {table.name}\n\n{table.description} Kind: {table.kind}.\n\n| column | type | use | meaning |")
        parts[-1] += "\n|---|---|---|---|\n" + "\n".join(
            f"| `{c.name}` | {c.type} | {c.use} | {c.description} |" for c in table.columns.values()
        )
    return "\n\n".join(parts)
