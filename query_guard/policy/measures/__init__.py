"""Aggregates over people: what is asked, what must be computed to judge it, and what may be summed at all."""
