"""The query guard's refusal codes: those of the policy's table, and those of the state of things."""

from __future__ import annotations

from itertools import chain

from docs.pages.refusal_sources import Found, refusals_in
from docs.pages.standing_reasons import standing_refusals
from query_guard.policy.code import Code
from query_guard.policy.codes_of_language import LANGUAGE_CODES
from query_guard.policy.codes_of_people import PEOPLE_CODES
from query_guard.policy.codes_of_queries import QUERY_CODES
from query_guard.policy.codes_of_reading import READING_CODES, ReadingCode

GROUPS: tuple[tuple[str, tuple[Code, ...]], ...] = (
    ("The text, its parts and its names", LANGUAGE_CODES),
    ("Dialects and parameters", READING_CODES),
    ("Queries inside the query", QUERY_CODES),
    ("People, expressions and aggregates", PEOPLE_CODES),
)
#: Modules whose refusals a question can meet beside the policy's, in the order of the page.
SOURCES = (
    "query_guard.answer",
    "query_guard.crosscheck",
    "query_guard.differencing.desk",
    "governance.registry.cell_budget",
    "query_guard.turns",
    "query_guard.engine.pool",
    "query_guard.engine.fingerprint",
    "query_guard.record",
    "query_guard.case",
    "governance.extracts",
    "governance.access",
    "governance.callers",
    "query_guard.service.app",
    "query_guard.batch",
)
#: An example of each.
HAPPENINGS = {
    "query-failed": "The engine stopped for a reason that might depend on data. The allowed functions cannot fail on"
    " data as far as we know, so this is rare; nobody is told the reason.",
    "query-too-expensive": "In a join of two large tables every record of a person meets every other one, and the query"
    " needs more time or memory than it may have. A query about people that is stopped while it runs (for this, for its"
    " rows or for a failure) costs 1,000 cells of your release budget, because whether it stops can depend on data.",
    "answer-too-large": "A large table is grouped by three fine keys and has more groups than an answer may have.",
    "busy": "A notebook sends its next query while one of yours still runs, all engines are in use, or many people ask"
    " about the same data at one moment.",
    "cross-check-failed": "DuckDB reads the text that the guard wrote otherwise than the guard meant it. Nothing was"
    " executed; it is an alarm in the audit log.",
    "too-many-near-questions": "A loop asks for `year_of_birth <= 1950`, `<= 1951`, `<= 1952` ... of a small group, one"
    " after the other.",
    "budget-spent": "A program has been told a day's worth of numbers; the next query is refused, whatever it asks.",
    "engine-unavailable": "The machine does not allow the sandbox in which queries run.",
    "extract-damaged": "A file of the project's data was changed after it was built.",
    "not-recorded": "The disk of the register is full: an answer that is not on record does not leave.",
    "no-profile": "The project names a disclosure profile that this release does not have.",
    "no-extract": "The project was approved a minute ago and its data are not there yet.",
    "extract-outdated": "The gateway was upgraded and the project's data have not been built again.",
    "not-registered": "You can sign in, but nobody has registered you.",
    "person-stopped": "An administrator pulled the kill switch for one person.",
    "project-stopped": "An administrator pulled the kill switch for a project.",
    "affiliation-missing": "You left your university, and nobody recorded the next.",
    "affiliation-not-started": "You begin at your new organisation next week.",
    "affiliation-expired": "Your contract with the university ended yesterday.",
    "agreement-missing": "The agreement with your organisation was withdrawn.",
    "agreement-not-started": "Your organisation's agreement begins next month.",
    "training-not-started": "A course was put on record before its day.",
    "role-training-missing": "You became principal investigator, which needs a course of its own.",
    "role-training-not-started": "That course is next week.",
    "role-training-expired": "That course ran out.",
    "approval-missing": "The project's purpose was changed to research, which needs ethics approval.",
    "approval-not-started": "The agreement of the data controller begins next month.",
    "approval-expired": "The project's ethics approval ended yesterday.",
    "person-suspended": "Your access was ended for the time being.",
    "organisation-expired": "Your organisation's agreement ran out yesterday.",
    "training-missing": "You were registered before any course was on record.",
    "training-expired": "Your yearly course ran out.",
    "no-such-project": "The workspace belongs to a project that is not in the register.",
    "project-not-active": "The project was closed.",
    "project-not-started": "The project's first day is next week.",
    "project-ended": "The project's last day was yesterday.",
    "not-a-member": "You were removed from the project while your workspace was open.",
    "membership-expired": "Your membership was for three months.",
    "unknown-channel": "The workspace was stopped in the portal while a notebook was still running.",
    "bad-request": "A program talks to the guard's address without the client and leaves out `sql`.",
    "bad-line": "A line of `sde guard batch` is not a JSON object with `sql`.",
}
#: Found in the same modules, but no answer to a question.
NOT_OF_A_QUESTION = frozenset(
    {"checker-is-member", "keyholder-not-apart", "clinician-not-apart", "guard-failed", "egress-stopped"}
)


_INTRODUCTION = """# Why a query is refused

Every refusal names its code, the place in the SQL, the reason and a way on. A code never changes its name.

The refusals of the first four groups depend on the text of the query and on the project's tables, never on data. Of the
last group `query-failed`, `query-too-expensive`, `answer-too-large` and `too-many-near-questions` can depend on data;
their texts are constant. [What the guard does not stop](../explanation/disclosure-control.md) says what that means.

An aggregate that is not released does not refuse the query: its column comes back without values, and its note has the
message of the code. Only a query that asks for nothing else is refused with it."""


def page() -> str:
    """Every code with its meaning, an example and what to do instead."""
    parts = [_INTRODUCTION]
    for title, codes in GROUPS:
        parts += [f"## {title}", *(_section(code) for code in codes)]
    parts += ["## The state of things", *(_state(found) for found in state_refusals().values())]
    return "\n\n".join(parts)


def _section(code: Code) -> str:
    example = "There is no example: it is a fault of the guard."
    if code.example:
        language = "python" if isinstance(code, ReadingCode) else "sql"
        example = f"```{language}\n{example_of(code)}\n```"
    return f"### {code.code}\n\n{code.meaning.replace('{name}', '…')}\n\n{example}\n\n{code.remedy}"


def example_of(code: Code) -> str:
    """The example: SQL, or the call of the client where a dialect or parameters belong to it."""
    if not isinstance(code, ReadingCode):
        return code.example
    sql = "\n".join(line for line in code.example.splitlines() if not line.startswith("--"))
    given = [f'"{sql}"']
    if code.parameters:
        given.append(_written(code.parameters))
    if code.dialect != "duckdb":
        given.append(f'dialect="{code.dialect}"')
    return f"sde.sql({', '.join(given)})"


def _written(parameters: object) -> str:
    """Parameters as Python, long lists short."""
    if isinstance(parameters, tuple) and parameters == tuple(range(len(parameters))):
        return f"list(range({len(parameters)}))"
    return repr(parameters).replace("(", "[").replace(")", "]").replace("'", '"')


def state_refusals() -> dict[str, list[Found]]:
    """Refusals outside the policy by code, in the order of SOURCES; one code may have several texts."""
    known = NOT_OF_A_QUESTION | {code.code for _, codes in GROUPS for code in codes}
    by_code: dict[str, list[Found]] = {}
    written = (one for module in SOURCES for one in refusals_in(module))
    for found in chain(written, standing_refusals()):
        texts = by_code.setdefault(found.code, [])
        if found not in texts:
            texts.append(found)
    return {code: texts for code, texts in by_code.items() if code not in known}


def _state(texts: list[Found]) -> str:
    code = texts[0].code
    said = "\n".join(f"- {text.message} {text.remedy}" for text in texts)
    if len(texts) == 1:
        return f"### {code}\n\n{texts[0].message}\n\nExample: {HAPPENINGS[code]}\n\n{texts[0].remedy}"
    return f"### {code}\n\n{said}\n\nExample: {HAPPENINGS[code]}"
