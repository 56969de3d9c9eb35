"""The cell magic `%%sde`: SQL in, protected answer out.

%%sde                          shows the answer
%%sde ages                     also keeps it in the variable `ages`
%%sde --dialect tsql ages      the cell is SQL Server's SQL (or postgres, sqlite)
%%sde --params wanted ages     values for the cell's places, from the variable `wanted`
"""

from __future__ import annotations

import shlex
from typing import Any

from sde.answers import Answer
from sde.guard import sql

USAGE = "%%sde [--dialect DIALECT] [--params VARIABLE] [NAME]: give a variable name or nothing"


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext sde`; the workspace does it at start."""

    def sde(line: str, cell: str) -> Answer:
        name, options = read_line(line)
        params = shell.user_ns[options["--params"]] if "--params" in options else None
        answer = sql(cell, params, options.get("--dialect", "duckdb"))
        if name:
            shell.user_ns[name] = answer
        return answer

    shell.register_magic_function(sde, magic_kind="cell", magic_name="sde")


def read_line(line: str) -> tuple[str, dict[str, str]]:
    """(name of the variable or an empty text, options) of the magic's line. Raises ValueError with the usage."""
    words, options = shlex.split(line), {}
    while len(words) > 1 and words[0] in ("--dialect", "--params"):
        options[words[0]], words = words[1], words[2:]
    if len(words) > 1 or not all(word.isidentifier() for word in words):
        raise ValueError(USAGE)
    return (words[0] if words else ""), options
