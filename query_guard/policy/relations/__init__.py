"""Queries as relations: FROM, SELECT, set operations and subqueries, each compiled into the guard's own SQL."""
