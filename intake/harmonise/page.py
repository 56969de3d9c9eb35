"""The page of one version of the region: what became of every staged row, and what the tables were held against."""

from __future__ import annotations

from intake.harmonise.report import HarmoniseReport
from intake.omop.conformance import FAIL, WARN, ConformanceReport
from intake.reporting import BarPlot, Section, Table, Text, people

TONES = {True: "good", False: "stop"}


def region_sections(made: HarmoniseReport, held: ConformanceReport) -> list[Section]:
    """Verdict, ledger, what was made, codes without a concept, checks. Counts only."""
    by_target: dict[str, int] = {}
    for line in made.produced:
        by_target[line.target] = by_target.get(line.target, 0) + line.rows
    targets = sorted(by_target, key=lambda name: -by_target[name])
    return [
        _verdict(held),
        _ledger(made),
        BarPlot("Rows of the model", tuple(targets), tuple(float(by_target[name]) for name in targets), "rows"),
        _produced(made),
        _unmapped(made),
        _checks(held),
    ]


def _verdict(held: ConformanceReport) -> Text:
    failed = sum(result.outcome == FAIL for result in held.results)
    warned = sum(result.outcome == WARN for result in held.results)
    words = f"{len(held.results)} checks were made: {failed} failed, {warned} warn."
    return Text("Conformance to the OMOP model", words, TONES[held.passed] if not warned or failed else "wait")


def _ledger(made: HarmoniseReport) -> Table:
    columns = ("table", "landed", "replaced", "of nobody", "left out by rule", "used", "rows of unknown codes")
    rows = tuple(
        (
            f"{line.feed} {line.table}",
            people(line.staged),
            people(line.superseded),
            people(line.unlinked),
            people(line.left_out),
            people(line.out),
            people(line.unmapped),
        )
        for line in made.ledger
    )
    note = "Landed rows are those replaced, those of nobody in the spine, those left out by a rule, and those used."
    return Table("What became of every row", columns, rows, note)


def _produced(made: HarmoniseReport) -> Table:
    rows = tuple(
        (f"{line.feed} {line.table or 'people'}", line.target, people(line.rows), people(line.unmapped))
        for line in made.produced
    )
    return Table("Rows of the model by feed", ("from", "table of the model", "rows", "concept 0"), rows)


def _unmapped(made: HarmoniseReport) -> Table:
    rows = tuple(
        (line.feed, line.vocabulary, people(line.rows), people(line.codes), ", ".join(line.often))
        for line in made.unmapped
    )
    columns = ("feed", "vocabulary", "rows", "codes", "codes that at least ten people have")
    return Table("Codes without a concept", columns, rows, f"Vocabulary in force: {made.vocabulary}.")


def _checks(held: ConformanceReport) -> Table:
    rows = tuple(
        (
            result.title,
            result.table,
            result.outcome,
            people(result.rows),
            people(result.breaches),
            f"{result.threshold:.1%}",
            "refuses" if result.hard else "warns",
        )
        for result in sorted(held.results, key=lambda result: (result.outcome != FAIL, result.outcome != WARN))
    )
    return Table("Checks", ("check", "table", "outcome", "rows", "breaches", "passes up to", "beyond it"), rows)
