"""The story of the region: everything accepted is linked, harmonised, checked, and put in force as one new version.

Promise: a version is in force whole or not at all; from which deliveries it is made, and where every row of them went,
stands in its manifest; what breaks the model's rules is never put in force.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from governance.clock import now
from governance.refusal import Refusal
from governance.registry.deliveries import DeliveryView, accepted_deliveries
from governance.registry.regions import list_regions, record_region
from governance.settings import Settings
from governance.store import Store
from intake.feeds import region_feeds
from intake.harmonise import HarmoniseReport, harmonise
from intake.harmonise.page import region_sections
from intake.harmonise.writing import opened_engine
from intake.linkage import LinkReport, link_people
from intake.linkage.report_page import link_sections
from intake.omop.conformance import ConformanceReport, check
from intake.optouts.refreshing import refresh_from_deliveries
from intake.places import IntakePlaces
from intake.progress import Progress
from intake.region.site import MANIFEST, building_site, only_builder
from intake.reporting import write_report
from intake.sources import digest_file

MANIFEST_FORMAT = 1
DIGESTS_AT_ONCE = 2
VERSIONS_KEPT = 2  # the one in force and the one before, which a cut that is being built may still read


@dataclass(frozen=True)
class RegionReport:
    """What was built. `version` names it; the three parts tell of each step."""

    version: str
    deliveries: int
    links: LinkReport
    harmonised: HarmoniseReport
    conformance: ConformanceReport


def build_region(settings: Settings, store: Store, *, actor: str, progress: Progress = lambda *_: None) -> RegionReport:
    """Build the region anew from every accepted delivery and put it in force.

    Raises Refusal `no-deliveries`, `region-busy`, `not-conformant` and those of the steps. Then the version before
    stays in force, and nothing half-written is left.
    """
    places = IntakePlaces.of(settings)
    deliveries = _accepted(store)
    with only_builder(places.region), building_site(places.region) as site:
        links = link_people(settings, deliveries, progress=progress)
        # Type 1 of these very journals is known before anything of them can be cut.
        refresh_from_deliveries(settings, store, deliveries, actor=actor, progress=progress)
        harmonised = harmonise(settings, deliveries, site / "tables", progress=progress)
        progress("checking conformance", 0, 1)
        conformance = check_tables(settings, site / "tables", site)
        report = RegionReport(_new_name(), len(deliveries), links, harmonised, conformance)
        write_report(
            places.reports / "regions" / f"{report.version}.html",
            f"Region {report.version}",
            [*region_sections(harmonised, conformance), *link_sections(links)],
        )
        conformance.refuse_if_failed()
        progress("sealing", 0, 1)
        sha256 = _seal(site / "tables", report, deliveries)
        (site / "tables").rename(places.region / report.version)
        _put_in_force(store, report, actor=actor, sha256=sha256, deliveries=deliveries)
        _destroy_old_versions(store, places.region)  # still alone: no other build's version is unrecorded now
    return report


def _accepted(store: Store) -> list[DeliveryView]:
    ours = {feed.name for feed in region_feeds()}  # a foreign feed's people are not the region's
    with store.reading() as session:
        deliveries = [delivery for delivery in accepted_deliveries(session) if delivery.feed in ours]
    if not deliveries:
        raise Refusal("no-deliveries", "No delivery has been accepted yet.", "Land one: sde delivery land FEED FOLDER")
    return deliveries


def check_tables(settings: Settings, tables: Path, site: Path) -> ConformanceReport:
    """Hold the tables against the model's rules, within the intake's memory; beyond it the site's disk is used."""
    with opened_engine(settings, site / ".spill") as connection:
        return check(connection, tables)


def _new_name() -> str:
    return f"{now():%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def _seal(tables: Path, report: RegionReport, deliveries: Sequence[DeliveryView]) -> str:
    """Write the manifest, make every file read-only; returns the manifest's SHA-256, which the register keeps."""
    files = sorted(file for file in tables.rglob("*") if file.is_file())
    with ThreadPoolExecutor(DIGESTS_AT_ONCE) as pool:
        digests = list(pool.map(digest_file, files))
    manifest = {
        "format": MANIFEST_FORMAT,
        "version": report.version,
        "created_at": now().isoformat(),
        "deliveries": [{"id": each.id, "feed": each.feed, "sha256": each.sha256} for each in deliveries],
        "people": report.harmonised.people,
        "rows": report.harmonised.rows,
        "links": asdict(report.links),
        "harmonised": asdict(report.harmonised),
        "conformance": asdict(report.conformance),
        "files": {str(file.relative_to(tables)): digest for file, digest in zip(files, digests, strict=True)},
    }
    content = json.dumps(manifest, indent=1).encode()
    (tables / MANIFEST).write_bytes(content)
    for file in (*files, tables / MANIFEST):
        file.chmod(0o400)
    return hashlib.sha256(content).hexdigest()


def _put_in_force(
    store: Store, report: RegionReport, *, actor: str, sha256: str, deliveries: Sequence[DeliveryView]
) -> None:
    ledger = report.harmonised.ledger
    summary = {
        "unlinked": sum(line.unlinked for line in ledger),
        "unmapped": sum(line.unmapped for line in ledger),
        "checks": len(report.conformance.results),
        "warnings": sum(result.outcome == "warn" for result in report.conformance.results),
    }
    record_region(
        store,
        actor=actor,
        folder=report.version,
        sha256=sha256,
        deliveries=[each.id for each in deliveries],
        people=report.harmonised.people,
        rows=report.harmonised.rows,
        summary=json.dumps(summary),
    )


def _destroy_old_versions(store: Store, region: Path) -> None:
    """Remove what no cut reads any more, and what was moved into place but never recorded (a killed run)."""
    with store.reading() as session:
        kept = {each.folder for each in list_regions(session)[:VERSIONS_KEPT]}
    for folder in region.iterdir():
        if folder.is_dir() and folder.name not in kept and not folder.name.startswith("."):
            shutil.rmtree(folder, ignore_errors=True)
