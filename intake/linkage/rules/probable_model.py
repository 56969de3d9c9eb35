"""Reads the model of M4 (`probable.toml`) and says it as Splink's settings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

COMPARED = ("forename", "surname", "birth", "sex", "postcode", "nhs_number")
BY_FREQUENCY = ("forename", "surname")


@dataclass(frozen=True)
class Level:
    """One degree of agreement: its condition in SQL; the share of true pairs at it, and of pairs of two people."""

    when: str
    m: float
    u: float


@dataclass(frozen=True)
class ProbableModel:
    """The model. `blocks`: columns that must agree for a pair to be compared; `settings`: Splink's, as a dict, because
    that is what it takes."""

    prior: float
    threshold: float
    margin_bits: float
    least_bearers: int
    least_people: int
    blocks: tuple[tuple[str, ...], ...]
    levels: Mapping[str, tuple[Level, ...]]
    settings: Mapping[str, Any]


@cache
def probable_model() -> ProbableModel:
    """The one in force. Raises KeyError or tomllib.TOMLDecodeError if the file is malformed."""
    held = tomllib.loads(files(__package__).joinpath("probable.toml").read_text(encoding="utf-8"))
    blocks = tuple(map(tuple, held["blocks"]))
    settings = {
        "link_type": "link_only",
        "unique_id_column_name": "id",
        "source_dataset_column_name": "side",
        "probability_two_random_records_match": held["prior"],
        "comparisons": [_comparison(name, held[name]) for name in COMPARED],
        "blocking_rules_to_generate_predictions": [_block(columns) for columns in blocks],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
        "linker_uid": "linkage",  # Splink would draw one; nothing here is drawn
    }
    levels = {
        name: tuple(Level(each["when"], each["m"], each["u"]) for each in held[name]["levels"]) for name in COMPARED
    }
    return ProbableModel(
        held["prior"],
        held["threshold"],
        held["margin_bits"],
        held["least_bearers"],
        held["least_people"],
        blocks,
        levels,
        settings,
    )


def _block(columns: Sequence[str]) -> dict[str, str]:
    return {"blocking_rule": " AND ".join(f"l.{column} = r.{column}" for column in columns), "sql_dialect": "duckdb"}


def _comparison(name: str, held: Mapping[str, Any]) -> dict[str, Any]:
    unknown = {"sql_condition": f"NOT ({held['known']})", "is_null_level": True, "label_for_charts": "not known"}
    return {
        "output_column_name": name,
        "comparison_description": name,
        "comparison_levels": [unknown, *(_level(name, level) for level in held["levels"])],
    }


def _level(name: str, held: Mapping[str, Any]) -> dict[str, Any]:
    level = {"sql_condition": held["when"], "m_probability": held["m"], "u_probability": held["u"]}
    if held.get("by_frequency"):
        level |= {"tf_adjustment_column": name, "tf_adjustment_weight": 1.0}
    return level
