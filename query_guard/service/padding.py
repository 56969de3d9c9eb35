"""Answer times padded to doubling buckets, so that how long a query took tells at most a power of two.

Source: Haeberlen, Pierce, Narayan, "Differential Privacy Under Fire" (USENIX Security 2011): execution time is an
output like any other. Padding is the service's; an operator's batch is not padded.
"""

from __future__ import annotations

FIRST_BUCKET = 0.025  # seconds


def padded_seconds(spent: float) -> float:
    """The bucket a duration falls into: 25 ms, 50 ms, 100 ms ... (seconds)."""
    bucket = FIRST_BUCKET
    while bucket < spent:
        bucket *= 2
    return bucket
