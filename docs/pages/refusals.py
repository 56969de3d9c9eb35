"""The query guard's refusal codes, from query_guard.policy.codes."""

from __future__ import annotations

from query_guard.policy.codes import CODES


def page() -> str:
    """Every code with its meaning, an example and what to do instead."""
    parts = ["# Why a query is refused\n\nEvery refusal names its code, the place in the SQL, the reason and a way on."]
    for code in CODES:
        parts.append(f"## {code.code}\n\n{code.meaning}\n\n```sql\n{code.example}\n```\n\n{code.remedy}")
    return "\n\n".join(parts)
