"""Repeatable measurements; each prints its figures and, where a baseline exists, a ratio from the same run."""
