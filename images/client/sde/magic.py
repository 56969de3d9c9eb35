"""The cell magic `%%sde`: SQL in, protected answer out.

%%sde             shows the answer
%%sde ages        also keeps it in the variable `ages`
"""

from __future__ import annotations

from typing import Any

from sde.answers import Answer
from sde.guard import sql


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext sde`; the workspace does it at start."""

    def sde(line: str, cell: str) -> Answer:
        answer = sql(cell)
        name = line.strip()
        if name:
            if not name.isidentifier():
                raise ValueError(f"%%sde {name}: give a variable name or nothing")
            shell.user_ns[name] = answer
        return answer

    shell.register_magic_function(sde, magic_kind="cell", magic_name="sde")
