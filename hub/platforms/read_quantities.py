"""Kubernetes' quantities as numbers. One that is not understood is none: the policy then misses a limit."""

from __future__ import annotations

import re
from typing import Any

POWERS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def bytes_of(quantity: Any) -> int:
    """`512Mi` -> 536870912; 0 for anything else."""
    found = re.fullmatch(r"(\d+)(|[kMG]|[KMG]i)", str(quantity))
    return int(found[1]) * POWERS[found[2]] if found else 0


def processors_of(quantity: Any) -> float:
    """`1500m` -> 1.5; 0 for anything else."""
    found = re.fullmatch(r"(\d+)(m?)", str(quantity))
    return int(found[1]) / (1000 if found[2] else 1) if found else 0.0
