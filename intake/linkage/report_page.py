"""What linking found, as sections of a page for the data steward. Promise: counts only, small ones hidden."""

from __future__ import annotations

from pathlib import Path

from intake.linkage.refusal_reasons import REASONS
from intake.linkage.report import LinkReport
from intake.linkage.rules import DECIDED, NOBODY, RULES
from intake.reporting import BarPlot, Cell, Section, Table, Text, people, write_report

_RULES = {DECIDED: "A steward's decision", NOBODY: "Nobody"} | {rule.rank: rule.title.capitalize() for rule in RULES}


def write_link_page(file: Path, report: LinkReport) -> None:
    """Write (or replace) the page. Raises Refusal `disk-full`."""
    write_report(file, "Linkage", link_sections(report))


def link_sections(report: LinkReport) -> list[Section]:
    """People, links by feed and rank, shares that stayed unlinked, and what was refused by reason."""
    feeds = tuple(dict.fromkeys(each.feed for each in report.ranks))
    counts = {(each.feed, each.rank): each.identities for each in report.ranks}
    rows: list[tuple[Cell, ...]] = [
        (feed, *(people(counts.get((feed, rank), 0)) for rank in sorted(_RULES))) for feed in feeds
    ]
    legend = "; ".join(f"{rank}: {title}" for rank, title in sorted(_RULES.items()))
    unlinked = tuple(100 * counts.get((feed, NOBODY), 0) / _all(report, feed) for feed in feeds)
    refused = tuple(
        (each.feed, REASONS.get(each.reason, each.reason), people(each.identities)) for each in report.refused
    )
    return [
        Text("People", _people(report)),
        Table("Identities by rank", ("Feed", *(f"Rank {rank}" for rank in sorted(_RULES))), tuple(rows), legend),
        BarPlot("Unlinked, and so out of research", feeds, unlinked, "% of identities", counts=False),
        Table(
            "Refused, by reason",
            ("Feed", "Reason", "Identities"),
            refused,
            "A fact was not believed. Some of these were linked by other facts all the same.",
        ),
    ]


def _people(report: LinkReport) -> str:
    return (
        f"{people(report.people)} people. Known by no practice, from another feed's valid number: "
        f"{people(report.newcomers)}. Numbers met for the first time: {people(report.new)}. "
        f"People found to be somebody else under another number: {people(report.merged)}."
    )


def _all(report: LinkReport, feed: str) -> int:
    return max(1, sum(each.identities for each in report.ranks if each.feed == feed))
