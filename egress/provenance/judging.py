"""Looks up every table of a request's outputs before checkers see it, and says what could not be traced.

Promise: nothing is taken on trust. What breaks, is too large or takes too long is a finding, never a pass; and no
finding names an earlier release, a value or an answer: its author reads it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.findings import Finding, Severity
from egress.inspection.document import within
from egress.inspection.places import rows_named, safe_name
from egress.provenance.earlier import Said, is_too_near, may_be_of_one_cut, said_in
from egress.provenance.filed import Tables
from egress.provenance.matching import match_table
from egress.provenance.records import Record, pack_record, record_of, unpack_record
from egress.provenance.sources import Source
from egress.provenance.tables import FiledTable, How, Links
from governance.answers import unpack_answer
from governance.disclosure import PROFILES
from governance.extracts import load_project_data
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from governance.store.answers import EgressMatch, QueryAnswer, ReleasedTable
from governance.store.channels import QueryReceipt

SECONDS = 30.0  # for all tables of one request
MOST_ANSWERS = 1_000
MOST_ANSWER_BYTES = 32 * 2**20
MOST_EARLIER = 2_000
MOST_COLUMNS_NAMED = 5
#: People are protected by the strictest profile's threshold: projects of all profiles share a data cut.
STRICTEST = max(profile.threshold for profile in PROFILES.values())
PROVENANCE, EARLIER = "provenance", "earlier-release"
TRACE = "Send results as the guard answered them, or say in the context how they were made."
UNMATCHED = Finding(PROVENANCE, Severity.REVIEW, "", "The file could not be matched to the guard's answers.", TRACE)

ReadTables = Callable[..., Iterable[Tables]]
log = structlog.get_logger()


@dataclass(frozen=True)
class Told:
    """What is said of one file: findings for all, rows for checkers."""

    findings: tuple[Finding, ...]
    matches: tuple[EgressMatch, ...] = ()


@dataclass(frozen=True)
class Known:
    """What tables are held against: the project's answers, newest first, its data cut, and what left before."""

    sources: tuple[Source, ...]
    cut: str
    released: tuple[tuple[str, str, Record], ...]  # request, cut, table


def judge(
    store: Store, settings: Settings, read: ReadTables, request: tuple[str, str], files: Sequence[tuple[Path, str]]
) -> list[Told]:
    """What provenance says of each output file, in order. Never raises.

    Args:
        store, settings: of the airlock.
        read: `filed.read_filed_tables`.
        request: its id and its project.
        files: path and name of each.
    """
    try:
        known = _read_known(store, settings, *request)
        deadline = time.monotonic() + SECONDS
        told = [_judge_file(tables, known, deadline) for tables in read(files, limit=settings.egress_file_bytes)]
    except Exception as error:  # whatever broke: a person must look
        log.error("egress.provenance_broke", cause=type(error).__name__)
        told = []
    return told if len(told) == len(files) else [Told((UNMATCHED,))] * len(files)


def _read_known(store: Store, settings: Settings, request_id: str, project: str) -> Known:
    with store.reading() as session:
        sources = _read_sources(session, project)
        try:
            cut = load_project_data(settings, session, project).cut
        except Refusal:  # no extract in force any more: what left this project is all there is to compare with
            cut = ""
        cuts = {cut, *(source.cut for source in sources)}
        here = ReleasedTable.cut.in_(cuts - {""}) | (ReleasedTable.project_slug == project)
        query = select(ReleasedTable).where(here, ReleasedTable.request_id != request_id)
        newest = session.scalars(query.order_by(ReleasedTable.id.desc()).limit(MOST_EARLIER))
        released = tuple((row.request_id, row.cut, unpack_record(row.content)) for row in newest)
    return Known(sources, cut, released)


def _read_sources(session: Session, project: str) -> tuple[Source, ...]:
    """Each thing that was said once, with the newest receipt that said it."""
    query = select(QueryAnswer).join(QueryReceipt, QueryReceipt.id == QueryAnswer.receipt_id)
    query = query.where(QueryReceipt.project_slug == project).order_by(QueryReceipt.asked_at.desc()).limit(MOST_ANSWERS)
    found: dict[bytes, Source] = {}
    held = 0
    for row in session.scalars(query):
        if row.content not in found:
            held += len(row.content)
            if held > MOST_ANSWER_BYTES:
                break
            found[row.content] = Source(row.receipt_id, row.cut, unpack_answer(row.content))
    return tuple(found.values())


def _judge_file(tables: Tables, known: Known, deadline: float) -> Told:
    if tables is None:
        return Told((UNMATCHED,))
    findings: list[Finding] = []
    matches: list[EgressMatch] = []
    for number, table in enumerate(tables):
        links = match_table(table, known.sources, deadline)
        cut = _cut_of(links, known)
        plain = record_of(table, links)
        of_cut = [(request, old) for request, its_cut, old in known.released if may_be_of_one_cut(cut, its_cut)]
        left = frozenset[Said]().union(*(said_in(old) for _, old in of_cut))
        near = dict.fromkeys(request for request, old in of_cut if is_too_near(plain, old, STRICTEST, left))
        findings += _findings(table, links, bool(near))
        content = pack_record(record_of(table, links, tuple(near)))
        matches.append(EgressMatch(number=number, place=table.place, cut=cut, content=content))
    return Told(tuple(findings), tuple(matches))


def _cut_of(links: Links, known: Known) -> str:
    """The cut that most of a table's numbers come from, else the project's own."""
    cuts = {source.receipt: source.cut for source in known.sources}
    counted = Counter(cuts[link.receipt] for link in links.values() if link.receipt)
    return max(counted, key=counted.__getitem__) if counted else known.cut


def _findings(table: FiledTable, links: Links, is_near: bool) -> Iterable[Finding]:
    if is_near:
        why = f"The table differs from an earlier release by fewer than {STRICTEST} people: both together tell of them."
        yield Finding(EARLIER, Severity.FAIL, table.place, why, "Leave it out, or send the figures that left before.")
    if not table.whole:
        why = "The table is too long to be matched to the guard's answers as a whole."
        yield Finding(PROVENANCE, Severity.REVIEW, table.place, why, "Send the part that readers need.")
    for how, why in (
        (How.NONE, "in no answer of the guard to this project"),
        (How.VALUE_ONLY, "in an answer of the guard, but under other labels, which may be chance"),
    ):
        rows = [spot.row for spot, link in links.items() if link.how is how]
        if rows:
            columns = dict.fromkeys(spot.column for spot, link in links.items() if link.how is how)
            where = f"{rows_named(list(dict.fromkeys(rows)))}, {_columns_named(table, list(columns))}"
            says = f"{len(rows)} of {len(links)} numbers stand {why}."
            yield Finding(PROVENANCE, Severity.REVIEW, within(table.place, where), says, TRACE)


def _columns_named(table: FiledTable, columns: Sequence[int]) -> str:
    names = [safe_name(table.header[column].text) or str(column + 1) for column in columns]
    more = f" and {len(names) - MOST_COLUMNS_NAMED} more" if len(names) > MOST_COLUMNS_NAMED else ""
    return f"column{'s' if len(names) > 1 else ''} {', '.join(names[:MOST_COLUMNS_NAMED])}{more}"
