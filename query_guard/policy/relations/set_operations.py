"""UNION, INTERSECT and EXCEPT: of people's rows (each with its person), of reference data, of published values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.choices import one_kind
from query_guard.policy.plan import Flow
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.build import Build, Written, written
from query_guard.policy.relations.column import Column, Key, Sums
from query_guard.policy.relations.compiled import Compiled
from query_guard.policy.relations.flow import type_set
from query_guard.policy.relations.limits import whole_number
from query_guard.policy.relations.ordering import order_sql
from query_guard.policy.relations.relation import Relation
from query_guard.policy.relations.sizes import check_size
from query_guard.policy.terms import TIMES, Kind, Term, quote_name

SETS = (exp.Union, exp.Intersect, exp.Except)
_WORDS = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}


def compile_set(build: Build, node: Any, branches: list[Relation], *, is_root: bool) -> Compiled:
    """A set operation of two named relations. Raises `set-operation-mixed`, `set-operation-uneven`,
    `set-operation-without-person`, `rows-limited`."""
    if node.args.get("by_name") or node.args.get("on") or node.args.get("side") or node.args.get("kind"):
        raise refuse("construct-not-available", node)
    flow = type_set(branch.flow for branch in branches)
    if flow is None:
        raise refuse("set-operation-mixed", node)
    if len({len(branch.columns) for branch in branches}) != 1:
        raise refuse("set-operation-uneven", node)
    every = bool(node.args.get("distinct") is False)
    if flow is Flow.PRIVATE:
        return _of_people(node, branches, every=every)
    if any(branch.free for branch in branches):
        branches = [build.ship(branch) for branch in branches]
    return _of_nobody(node, branches, flow, every=every, is_root=is_root)


@dataclass(frozen=True)
class _Pair:
    """Two columns that meet, each brought to one kind."""

    columns: tuple[Column, Column]
    terms: tuple[Term, Term]
    kind: Kind


def _pairs(node: Any, branches: list[Relation]) -> list[_Pair]:
    found = []
    for one, other in zip(*(branch.columns.values() for branch in branches), strict=True):
        if one.key is not other.key:
            raise refuse("set-operation-mixed", node)
        terms, kind = [Term(_plain(column), column.kind) for column in (one, other)], one.kind
        if one.key is Key.NONE:
            terms, kind = one_kind(terms, node)
        found.append(_Pair((one, other), (terms[0], terms[1]), kind))
    return found


def _plain(column: Column) -> str:
    return f"TRY_CAST({column.sql} AS DOUBLE)" if column.wide else column.sql


def _of_people(node: Any, branches: list[Relation], *, every: bool) -> Compiled:
    if node.args.get("limit") is not None or node.args.get("offset") is not None:
        raise refuse("rows-limited", node)
    pairs = _pairs(node, branches)
    if not every and not any(pair.columns[0].key is Key.PERSON for pair in pairs):
        raise refuse("set-operation-without-person", node)
    texts = []
    for place, branch in enumerate(branches):
        listed = ", ".join(f"{pair.terms[place].sql} AS c{number}" for number, pair in enumerate(pairs, 1))
        source = f"FROM {quote_name(branch.name)}"
        texts.append(written(f"SELECT {listed}, {branch.person} AS person {source}", reads=[branch.name]))
    mixes = type(node) is exp.Union
    columns = {pair.columns[0].name.lower(): _of_both(pair, n, mixes=mixes) for n, pair in enumerate(pairs, 1)}
    repeats = tuple(repeat.seen_as({}) for branch in branches for repeat in branch.repeats)
    one, other = branches
    alone = not every and all(pair.columns[0].key is Key.PERSON for pair in pairs)  # one row a person
    both = one.rows_of & other.rows_of
    relation = Relation(
        Flow.PRIVATE,
        "",
        columns,
        person="person",
        one_per_person=alone,
        repeats=() if alone else repeats,
        amplified=not alone and (one.amplified or other.amplified),
        copied=not alone and (one.copied or other.copied or (type(node) is exp.Union and bool(both))),
        rows_of=one.rows_of | other.rows_of,
        left_out=one.left_out or other.left_out,
        size=1 if alone else check_size(one.size + other.size, node) if every else max(one.size, other.size),
    )
    return Compiled(_joined(node, texts, every=every), relation)


def _of_both(pair: _Pair, number: int, *, mixes: bool) -> Column:
    """A column of people's rows that come from two sides: as fine as the finer, summable if both are.

    `mixes`: rows of both sides are there. Which side a row comes from is a condition. Where a side is computed, it
    could be stretched, and a condition on one person would carry the whole sum: then only records can be counted.
    """
    one, other = pair.columns
    alike = one.sums is other.sums and not (one.is_sum or other.is_sum)
    chosen = mixes and not (one.recorded and other.recorded)
    alike = alike and (one.sums is Sums.TALLY or not chosen)
    return Column(
        one.name,
        f"c{number}",
        pair.kind,
        key=one.key,
        certain=one.certain and other.certain,
        exposes=one.exposes | other.exposes,
        sums=one.sums if alike else Sums.NONE,
        low=one.low if one.low == other.low else None,
        high=one.high if one.high == other.high else None,
        banded=one.banded and other.banded,
        recorded=one.recorded and other.recorded,
        cased=one.cased or other.cased or (chosen and pair.kind in TIMES),
        withheld=one.withheld | other.withheld,
    )


def _joined(node: Any, texts: list[Written], *, every: bool) -> Written:
    word = _WORDS[type(node)] + (" ALL" if every else "")
    return written(f" {word} ".join(text.sql for text in texts), *texts)


def _of_nobody(node: Any, branches: list[Relation], flow: Flow, *, every: bool, is_root: bool) -> Compiled:
    pairs = _pairs(node, branches)
    free = any(branch.free for branch in branches)
    columns: dict[str, Column] = {}
    listed: list[list[str]] = [[], []]
    for number, pair in enumerate(pairs, 1):
        one, other = pair.columns
        state = f"s{number}" if one.state or other.state else ""
        notes = one.notes | other.notes
        columns[one.name.lower()] = Column(one.name, f"c{number}", pair.kind, state=state, notes=notes)
        for place, column in enumerate(pair.columns):
            listed[place].append(f"{pair.terms[place].sql} AS c{number}")
            listed[place] += [f"{column.state or '0'} AS {state}"] if state else []
    texts = [
        written(f"SELECT {', '.join(texts)} FROM {quote_name(branch.name)}", reads=[branch.name])
        for texts, branch in zip(listed, branches, strict=True)
    ]
    body = _joined(node, texts, every=every)
    relation = Relation(flow, "", columns, free=free, size=sum(branch.size for branch in branches))
    return Compiled(_ordered(node, body, columns, is_root=is_root), relation)


def _ordered(node: Any, body: Written, columns: dict[str, Column], *, is_root: bool) -> Written:
    """ORDER BY of names or positions, and LIMIT, where they mean something."""
    limit, offset = whole_number(node.args.get("limit")), whole_number(node.args.get("offset"))
    if not is_root and limit is None and offset is None:
        return body
    order = node.args.get("order")
    entries = []
    for entry in order.expressions if order is not None else ():
        name = _output_of(entry.this, columns)
        entries.append(
            order_sql(name, descending=bool(entry.args.get("desc")), nulls_first=bool(entry.args.get("nulls_first")))
        )
    entries += [order_sql(column.sql, descending=False, nulls_first=False) for column in columns.values()]
    sql = f"{_all(columns)} FROM ({body.sql}) AS whole ORDER BY {', '.join(entries)}"
    sql += f" LIMIT {limit}" if limit is not None else ""
    return written(sql + (f" OFFSET {offset}" if offset else ""), body)


def _all(columns: dict[str, Column]) -> str:
    names = [name for column in columns.values() for name in (column.sql, column.state) if name]
    return f"SELECT {', '.join(names)}"


def _output_of(node: Any, columns: dict[str, Column]) -> str:
    if type(node) is exp.Column and node.args.get("table") is None and node.name.lower() in columns:
        return columns[node.name.lower()].sql
    if type(node) is exp.Literal and str(node.this).isdigit() and 1 <= int(node.this) <= len(columns):
        return list(columns.values())[int(node.this) - 1].sql
    raise refuse("position-out-of-range", node)
