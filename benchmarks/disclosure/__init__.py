"""Attacks on the query guard's protection against disclosure, as programs.

python -m benchmarks.disclosure.simulate     the rule alone, on invented people (numpy, no guard)
"""
