"""The story of a cut: a source becomes a project's read-only, re-keyed extract.

Promise: only granted tables, columns, days and codes of the cohort's people reach the extract, and nothing that may not
be used for the project's purpose; every row is accounted for; the extract appears whole, under a new name, or not at
all, and until then the one before stays in force.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import structlog

from governance.clock import now
from governance.cohort import Cohort
from governance.extracts import DATABASE
from governance.refusal import Refusal
from governance.registry import Background, record_extract
from governance.settings import Settings
from governance.store import Store
from intake.cut.filling import Filled, fill_database
from intake.cut.kept import keep_list, new_list, write_list
from intake.cut.ledger import Step
from intake.cut.page import write_page
from intake.cut.people import COHORT, PeopleLedger
from intake.cut.reuse import find_earlier
from intake.cut.seal import Sealed, seal_extract
from intake.cut.site import SPILL, building_alone, building_site, destroy_old, put_in_place, sweep
from intake.cut.source import SourceMaker
from intake.cut.wanted import Wanted, read_wanted
from intake.cut.workbench import cutting_engine
from intake.keys import KeyStore, key_store
from intake.keys.ending import retire_keys
from intake.keys.of_extract import PERSON, check_keys_held, in_use
from intake.progress import Progress

log = structlog.get_logger()


@dataclass(frozen=True)
class ExtractOrder:
    """What to build: whose, from what. `cohort`: only people who are in it too, beside the project's own cohort;
    `after_opt_outs`: only opt-outs should have changed since the extract in force, so its rows may be taken over."""

    project: str
    source: SourceMaker
    cohort: Cohort | None = None
    after_opt_outs: bool = False


@dataclass(frozen=True)
class ExtractReport:
    """What was built, for data stewards. `folder` is relative to the extracts folder; `missing` are granted tables the
    source lacks; `destroyed` are extracts that were kept no longer."""

    project: str
    folder: str
    sha256: str
    people: int
    rows: int
    tables: tuple[str, ...]
    missing: tuple[str, ...]
    steps: tuple[Step, ...]
    people_ledger: PeopleLedger | None = None
    destroyed: tuple[str, ...] = ()


def build_extract(
    settings: Settings, store: Store, order: ExtractOrder, *, actor: str, progress: Progress = lambda *_: None
) -> ExtractReport:
    """Build, seal and record one extract. Raises Refusal; nothing is left behind if it does."""
    wanted = read_wanted(store, order.project, order.cohort)
    extracts = settings.folder.extracts
    keys = key_store(settings)
    with building_alone(extracts, order.project):
        before = _keys_before(settings, store, keys, order.project)
        sweep(settings, store, order.project)
        with building_site(extracts / order.project) as site, new_list(settings, order.project) as listed:
            with cutting_engine(site / SPILL, settings.intake_memory_bytes) as connection:
                source = order.source.open(connection, wanted.purpose)
                earlier = find_earlier(settings, store, wanted, source, before) if order.after_opt_outs else None
                filled = fill_database(connection, site / DATABASE, source, wanted, keys, progress, earlier)
                closed_list = write_list(connection, COHORT, source, listed)
            progress("sealing", 1, 1)
            sealed = seal_extract(site, wanted, filled, in_use(keys, order.project, since=before), closed_list)
            folder = f"{order.project}/{now():%Y%m%dT%H%M%S}-{sealed.sha256[:12]}"
            keep_list(listed, settings, folder)
            put_in_place(site, extracts / folder)
        _record(settings, store, wanted, filled, sealed, folder, actor)
        destroyed = destroy_old(settings, store, order.project, actor=actor)
        if not write_page(settings, folder, wanted, filled):
            log.warning("extract.page-not-written", project=order.project)
        retire_keys(settings, store, keys, order.project, actor=actor)
    return _report(wanted, filled, sealed, folder, destroyed)


def _keys_before(settings: Settings, store: Store, keys: KeyStore, project: str) -> dict[str, str]:
    """The keys of the extract in force, which must be there. An extract that cannot be read any more does not say which
    they were; building it again is the cure."""
    try:
        return check_keys_held(settings, store, keys, project)
    except Refusal as refusal:
        if refusal.code not in ("extract-damaged", "extract-outdated"):
            raise
        keys.open(project, PERSON)  # whatever the extract was made with: without a key no new one is made in silence
        return in_use(keys, project)


def _record(
    settings: Settings, store: Store, wanted: Wanted, filled: Filled, sealed: Sealed, folder: str, actor: str
) -> None:
    """The switch: with this transaction the extract is in force. What is not recorded is removed again."""
    try:
        record_extract(
            store,
            actor=actor,
            slug=wanted.project,
            folder=folder,
            sha256=sealed.sha256,
            people=filled.people.chosen,
            rows=sealed.rows,
            background=Background(
                origin=filled.source.origin,
                purpose=wanted.purpose,
                opt_outs=filled.source.opt_outs,
                region_version=filled.source.region_version,
                opt_out_version=filled.source.opt_out_version,
            ),
        )
    except BaseException:
        with suppress(Exception):  # else with the next build
            sweep(settings, store, wanted.project)  # by the register: an interrupt can come when all is on record
        raise


def _report(wanted: Wanted, filled: Filled, sealed: Sealed, folder: str, destroyed: tuple[str, ...]) -> ExtractReport:
    return ExtractReport(
        project=wanted.project,
        folder=folder,
        sha256=sealed.sha256,
        people=filled.people.chosen,
        rows=sealed.rows,
        tables=tuple(filled.catalogue.tables),
        missing=tuple(sorted(set(wanted.catalogue.tables) - set(filled.catalogue.tables))),
        steps=filled.steps,
        people_ledger=filled.people,
        destroyed=destroyed,
    )
