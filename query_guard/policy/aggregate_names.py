"""Aggregates that are refused, by sqlglot's class name or DuckDB's name: only the wording of the refusal depends on
these lists.

Every aggregate that is not on the allow-list is refused anyway.
"""

from __future__ import annotations

# They hand out values of single people.
# fmt: off
NEVER_RELEASED = frozenset(
    (
        "first", "last", "anyvalue", "any_value", "arrayagg", "arrayuniqueagg", "arrayconcatagg", "list",
        "array_agg", "groupconcat", "string_agg", "mode", "histogram", "argmax", "argmin", "arg_max", "arg_min",
        "max_by", "min_by", "bitwiseandagg", "bitwiseoragg", "bitwisexoragg", "bit_and", "bit_or", "bit_xor",
        "bitstring_agg", "logicaland", "logicalor", "bool_and", "bool_or", "product", "reservoir_quantile",
        "approx_top_k", "approxtopk", "firstvalue", "lastvalue", "nthvalue", "jsonobjectagg", "jsonarrayagg",
        "objectagg", "parameterizedagg", "hashagg", "entropy",
    )
)

# A later version may protect these.
NOT_YET = frozenset(
    (
        "min", "max", "median", "quantile", "quantile_cont", "quantile_disc", "percentilecont",
        "percentiledisc", "approxquantile", "approx_quantile", "approxdistinct", "approx_count_distinct",
        "stddev", "stddevpop", "stddevsamp", "stddev_pop", "stddev_samp", "variance", "variancepop", "var_pop",
        "var_samp", "corr", "covarpop", "covarsamp", "covar_pop", "covar_samp", "skewness", "kurtosis", "mad",
        "sem", "regr_slope", "regr_intercept", "regr_r2", "regr_count", "sum_no_overflow", "fsum", "favg",
        "kahan_sum", "geomean", "geometric_mean", "mean", "average",
    )
)
# fmt: on

AGGREGATE_NAMES = NEVER_RELEASED | NOT_YET
