"""AND, OR, NOT and brackets."""

from __future__ import annotations

from typing import Any

from query_guard.policy.expressions.context import Context
from query_guard.policy.terms import Kind, Term, join_terms


def _connect(word: str, node: Any, context: Context) -> Term:
    parts = [context.condition(part) for part in node.flatten(unnest=False)]
    return join_terms("(" + f" {word} ".join(part.sql for part in parts) + ")", Kind.BOOLEAN, *parts)


def write_and(node: Any, context: Context) -> Term:
    """A chain of AND."""
    return _connect("AND", node, context)


def write_or(node: Any, context: Context) -> Term:
    """A chain of OR."""
    return _connect("OR", node, context)


def write_not(node: Any, context: Context) -> Term:
    """NOT."""
    part = context.condition(node.this)
    return join_terms(f"(NOT {part.sql})", Kind.BOOLEAN, part)


def write_paren(node: Any, context: Context) -> Term:
    """Brackets: every term brings its own."""
    return context.write(node.this)
