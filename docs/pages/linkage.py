"""The linking rules in order, the model of the probable one, and reasons of refusal, from intake.linkage."""

from __future__ import annotations

from math import log2

from intake.linkage.refusal_reasons import REASONS
from intake.linkage.rules import RULES
from intake.linkage.rules.probable_model import COMPARED, probable_model

_HEAD = """# Linking rules

The rules are asked in this order; the first that finds one person decides. Why there are these, how well they do and
what they cannot do: [linkage](../explanation/linkage.md)."""


def page() -> str:
    """Rules, model, reasons."""
    return "\n\n".join([_HEAD, _rules(), _model(), _reasons()])


def _rules() -> str:
    rows = "\n".join(f"| {rule.rank} | `{rule.name}` | {rule.title} | {rule.why} |" for rule in RULES)
    return (
        "| rank | rule | what must agree | why that is enough |\n|---|---|---|---|\n"
        "| 0 | | a steward's decision | It outranks every rule; it has a reason and an audit event. |\n"
        f"{rows}\n| 5 | | nobody | The identity stays out of research. |"
    )


def _model() -> str:
    model = probable_model()
    parts = [
        "## The model of rank 4",
        f"A link needs a probability of {model.threshold:g}, and the best person must outweigh the next by "
        f"{model.margin_bits:g} bits. Before anything is compared, the odds are {model.prior:g} to one. *Bits* are "
        "what a level adds (log2 of m/u); a name that agrees counts by how common it is, the bits are a common one's.",
    ]
    return "\n\n".join([*parts, *(_comparison(name) for name in COMPARED)])


def _comparison(name: str) -> str:
    rows = "\n".join(
        f"| `{level.when}` | {level.m:g} | {level.u:g} | {log2(level.m / level.u):+.1f} |".replace("||", "\\|\\|")
        for level in probable_model().levels[name]
    )
    return f"**{name.replace('_', ' ')}**\n\n| level | m | u | bits |\n|---|---|---|---|\n{rows}"


def _reasons() -> str:
    rows = "\n".join(f"| `{reason}` | {what} |" for reason, what in REASONS.items())
    return f"## Why something is refused\n\n| reason | what it means |\n|---|---|\n{rows}"
