"""What DuckDB's own parse of our text may contain: for each kind of node its keys, and for each key its values. Data.

Source: the output of `json_serialize_sql` of DuckDB 2.0. Deny by default: a key or value that a later version adds is
a mismatch until somebody has looked at it.
"""

from __future__ import annotations

from query_guard.duckdb_rules import Free, Names, Node, Nodes, OneOf, OneSet, Reference, Shape, Word

FREE, NAMES = Free(), Names()
NULL, FALSE, EMPTY, BLANK = OneOf((None,)), OneOf((False,)), OneOf(([],)), OneOf(("",))

EXPRESSIONS = (
    "COLUMN_REF",
    "CONSTANT",
    "FUNCTION",
    "COMPARISON",
    "CONJUNCTION",
    "OPERATOR",
    "CASE",
    "CAST",
    "BETWEEN",
    "SUBQUERY",
    "WINDOW",
)
SOURCES = ("FROM BASE_TABLE", "FROM JOIN", "FROM SUBQUERY", "FROM EMPTY")
QUERIES = ("SELECT_NODE", "SET_OPERATION_NODE")
EXPRESSION, MAYBE_EXPRESSION, MANY_EXPRESSIONS = Node(EXPRESSIONS), Node(EXPRESSIONS, optional=True), Nodes(EXPRESSIONS)

#: Keys that every expression has.
_COMMON: Shape = {"class": FREE, "alias": FREE, "query_location": FREE, "query_location_length": FREE}
_SOURCE: Shape = {"type": FREE, "alias": FREE, "sample": NULL, "query_location": FREE, "query_location_length": FREE}

COMPARISONS = OneOf(
    (
        "COMPARE_EQUAL",
        "COMPARE_NOTEQUAL",
        "COMPARE_LESSTHAN",
        "COMPARE_GREATERTHAN",
        "COMPARE_LESSTHANOREQUALTO",
        "COMPARE_GREATERTHANOREQUALTO",
        "COMPARE_DISTINCT_FROM",
        "COMPARE_NOT_DISTINCT_FROM",
    )
)
OPERATORS = OneOf(
    (
        "OPERATOR_NOT",
        "OPERATOR_IS_NULL",
        "OPERATOR_IS_NOT_NULL",
        "OPERATOR_COALESCE",
        "COMPARE_IN",
    )
)
FRAME = OneOf(
    (
        "UNBOUNDED_PRECEDING",
        "UNBOUNDED_FOLLOWING",
        "CURRENT_ROW_RANGE",
        "CURRENT_ROW_ROWS",
        "EXPR_PRECEDING_ROWS",
        "EXPR_FOLLOWING_ROWS",
    )
)
WINDOWS = OneOf(
    (
        "WINDOW_AGGREGATE",
        "WINDOW_ROW_NUMBER",
        "WINDOW_RANK",
        "WINDOW_RANK_DENSE",
        "WINDOW_PERCENT_RANK",
        "WINDOW_CUME_DIST",
        "WINDOW_NTILE",
        "WINDOW_LAG",
        "WINDOW_LEAD",
        "WINDOW_FIRST_VALUE",
        "WINDOW_LAST_VALUE",
    )
)
TYPE_NAMES = Word(
    (
        "BIGINT",
        "INTEGER",
        "HUGEINT",
        "UBIGINT",
        "SMALLINT",
        "DOUBLE",
        "DECIMAL",
        "FLOAT",
        "VARCHAR",
        "BOOLEAN",
        "DATE",
        "TIMESTAMP",
    )
)

SHAPES: dict[str, Shape] = {
    "STATEMENT": {"node": Node(QUERIES), "named_param_map": EMPTY},
    "SELECT_NODE": {
        "type": OneOf(("SELECT_NODE",)),
        "modifiers": Nodes(("ORDER_MODIFIER", "LIMIT_MODIFIER", "DISTINCT_MODIFIER")),
        "cte_map": Node(("CTE_MAP",)),
        "select_list": MANY_EXPRESSIONS,
        "from_table": Node(SOURCES),
        "where_clause": MAYBE_EXPRESSION,
        "group_expressions": MANY_EXPRESSIONS,
        "group_sets": OneSet(),
        "aggregate_handling": OneOf(("STANDARD_HANDLING",)),
        "having": MAYBE_EXPRESSION,
        "sample": NULL,
        "qualify": NULL,
    },
    "SET_OPERATION_NODE": {
        "type": OneOf(("SET_OPERATION_NODE",)),
        "modifiers": EMPTY,
        "cte_map": Node(("CTE_MAP",)),
        "setop_type": OneOf(("UNION", "INTERSECT", "EXCEPT")),
        "left": NULL,
        "right": NULL,
        "setop_all": OneOf((True, False)),
        "children": Nodes(QUERIES),
    },
    "CTE_MAP": {"map": Nodes(("CTE",))},
    "CTE": {"key": FREE, "value": Node(("CTE_BODY",))},
    "CTE_BODY": {
        "aliases": EMPTY,
        "materialized": OneOf(("CTE_MATERIALIZE_DEFAULT", "CTE_MATERIALIZE_ALWAYS", "CTE_MATERIALIZE_NEVER")),
        "key_targets": EMPTY,
        "payload_aggregates": EMPTY,
        "query_node": Node(QUERIES),
    },
    "FROM BASE_TABLE": _SOURCE
    | {
        "schema_name": OneOf(("", "main")),
        "table_name": FREE,
        "column_name_alias": EMPTY,
        "catalog_name": BLANK,
        "at_clause": NULL,
        "qualified_name": Node(("QUALIFIED_NAME",)),
    },
    "FROM JOIN": _SOURCE
    | {
        "left": Node(SOURCES),
        "right": Node(SOURCES),
        "condition": MAYBE_EXPRESSION,
        "join_type": OneOf(("INNER", "LEFT", "FULL", "SEMI", "ANTI")),
        "ref_type": OneOf(("REGULAR", "CROSS")),
        "using_columns": EMPTY,
        "delim_flipped": FALSE,
        "duplicate_eliminated_columns": EMPTY,
        "is_implicit": FALSE,
        "ranking_expression": NULL,
        "nearest_count": FREE,
        "nearest_order_type": FREE,
        "nearest_approx": FALSE,
    },
    "FROM SUBQUERY": _SOURCE | {"subquery": Node(("STATEMENT",)), "column_name_alias": EMPTY},
    "FROM EMPTY": _SOURCE,
    "ORDER_MODIFIER": {"type": FREE, "orders": Nodes(("ORDER",))},
    "ORDER": {
        "type": OneOf(("ASCENDING", "DESCENDING", "ORDER_DEFAULT")),
        "null_order": OneOf(("NULLS FIRST", "NULLS LAST", "ORDER_DEFAULT")),
        "expression": EXPRESSION,
    },
    "DISTINCT_MODIFIER": {"type": FREE, "distinct_on_targets": EMPTY},
    "LIMIT_MODIFIER": {
        "type": FREE,
        "limit": Node(("CONSTANT",), optional=True),
        "offset": Node(("CONSTANT",), optional=True),
        "limit_type": OneOf(("ROW_COUNT",)),
    },
    "COLUMN_REF": _COMMON | {"type": OneOf(("COLUMN_REF",)), "column_names": Reference()},
    "CONSTANT": _COMMON | {"type": OneOf(("VALUE_CONSTANT",)), "literal": Node(("LITERAL",))},
    "LITERAL": {"kind": OneOf(("INTEGER", "NUMERIC", "STRING", "BOOLEAN", "NULL_LITERAL")), "text": FREE},
    "FUNCTION": _COMMON
    | {
        "type": OneOf(("FUNCTION",)),
        "function_name": FREE,
        "schema": BLANK,
        "filter": MAYBE_EXPRESSION,
        "order_bys": Node(("ORDER_OF_FUNCTION",)),
        "distinct": OneOf((True, False)),
        "is_operator": OneOf((True, False)),
        "export_state": FALSE,
        "catalog": BLANK,
        "arguments": Nodes(("ARGUMENT",)),
        "qualified_name": Node(("QUALIFIED_NAME",)),
    },
    "ORDER_OF_FUNCTION": {"type": OneOf(("ORDER_MODIFIER",)), "orders": Nodes(("ORDER",))},
    "ARGUMENT": {"name": BLANK, "expression": EXPRESSION},
    "QUALIFIED_NAME": {"path": NAMES},
    "COMPARISON": _COMMON | {"type": COMPARISONS, "left": EXPRESSION, "right": EXPRESSION},
    "CONJUNCTION": _COMMON | {"type": OneOf(("CONJUNCTION_AND", "CONJUNCTION_OR")), "children": MANY_EXPRESSIONS},
    "OPERATOR": _COMMON | {"type": OPERATORS, "children": MANY_EXPRESSIONS},
    "CASE": _COMMON | {"type": OneOf(("CASE_EXPR",)), "case_checks": Nodes(("BRANCH",)), "else_expr": EXPRESSION},
    "BRANCH": {"when_expr": EXPRESSION, "then_expr": EXPRESSION},
    "CAST": _COMMON
    | {
        "type": OneOf(("OPERATOR_CAST",)),
        "child": EXPRESSION,
        "try_cast": OneOf((True, False)),
        "type_expr": Node(("TYPE",)),
    },
    "TYPE": _COMMON
    | {
        "type": OneOf(("TYPE",)),
        "catalog": BLANK,
        "schema": BLANK,
        "type_name": TYPE_NAMES,
        "children": Nodes(("CONSTANT",)),
        "qualified_name": Node(("QUALIFIED_NAME",)),
    },
    "BETWEEN": _COMMON
    | {"type": OneOf(("COMPARE_BETWEEN",)), "input": EXPRESSION, "lower": EXPRESSION, "upper": EXPRESSION},
    "SUBQUERY": _COMMON
    | {
        "type": OneOf(("SUBQUERY",)),
        "subquery_type": OneOf(("EXISTS", "ANY", "SCALAR")),
        "subquery": Node(("STATEMENT",)),
        "child": MAYBE_EXPRESSION,
        "comparison_type": OneOf(("INVALID", "COMPARE_EQUAL")),
    },
    "WINDOW": _COMMON
    | {
        "type": WINDOWS,
        "function_name": FREE,
        "schema": BLANK,
        "catalog": BLANK,
        "partitions": MANY_EXPRESSIONS,
        "orders": Nodes(("ORDER",)),
        "start": FRAME,
        "end": FRAME,
        "start_expr": Node(("CONSTANT",), optional=True),
        "end_expr": Node(("CONSTANT",), optional=True),
        "offset_expr": NULL,
        "default_expr": NULL,
        "ignore_nulls": FALSE,
        "filter_expr": MAYBE_EXPRESSION,
        "exclude_clause": OneOf(("NO_OTHER",)),
        "distinct": FALSE,
        "arg_orders": EMPTY,
        "has_ignore_nulls": FALSE,
        "arguments": Nodes(("ARGUMENT",)),
        "qualified_name": Node(("QUALIFIED_NAME",)),
    },
}
