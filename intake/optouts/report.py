"""The steward's report on opt-outs: how many there are, what they cost each use, how old the national answer is.

Promise: counts only, under ten as "<10"; nothing of one person. For the data steward's eyes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from governance.clock import now
from governance.settings import Settings
from intake.optouts.counting import JOURNAL, NATIONAL_ALLOWED, NATIONAL_REFUSED, count_in_force
from intake.optouts.denied import DeniedReport, write_denied
from intake.optouts.people import SPINE
from intake.optouts.reading import CheckAnswer, opened
from intake.optouts.version import OptOutLabel
from intake.optouts.words import REASONS, Use
from intake.places import IntakePlaces
from intake.progress import Progress
from intake.reporting import BarPlot, LinePlot, Section, Table, Text, people, write_report
from intake.sources import open_workbench, quote_text

Shown = str | int
TREND = 30  # versions shown
SMALL_NOTE = "Fewer than ten are drawn as none."


@dataclass(frozen=True)
class UseLoss:
    """What a use loses: of `people` in the region, how many lose at least one feed and how many all."""

    use: str
    people: Shown
    lose_some: Shown
    lose_all: Shown
    by_feed_and_reason: tuple[tuple[str, str, Shown], ...]


@dataclass(frozen=True)
class TrendPoint:
    """Counts of one version."""

    version: int
    made_at: str
    counts: dict[str, Shown]


@dataclass(frozen=True)
class OptOutReport:
    """What the page and `--json` say. Moments are ISO, UTC."""

    made_at: str
    label: str
    policy: str
    counts: dict[str, Shown]
    answer_state: str
    answered_at: str | None
    answer_believed_until: str | None
    answer_age_days: float | None
    losses: tuple[UseLoss, ...]
    trend: tuple[TrendPoint, ...]

    def as_json(self) -> str:
        """The report as JSON."""
        return json.dumps(asdict(self))


def make_report(settings: Settings, *, progress: Progress = lambda *_: None) -> OptOutReport:
    """Count everything as of now. Raises Refusal as `write_denied`; before the first link nobody is counted."""
    spine = IntakePlaces.of(settings).spine
    losses: list[UseLoss] = []
    with open_workbench() as connection:
        if spine.is_file():
            connection.execute(f"ATTACH {quote_text(str(spine))} AS {SPINE} (READ_ONLY)")
            for done, use in enumerate(Use):
                progress(f"counting {use.replace('_', ' ')}", done, len(Use))
                everybody = f"(SELECT DISTINCT person_id FROM {SPINE}.person)"
                denied = write_denied(connection, settings, use, person_ids_relation=everybody)
                losses.append(_loss(denied))
        with opened(connection, settings) as opt_outs:
            counts = count_in_force(connection, opt_outs.alias, opt_outs.label.day) if opt_outs.alias else {}
            trend = tuple(
                TrendPoint(version.number, version.made_at.isoformat(), _small(json.loads(version.counts)))
                for version in opt_outs.versions[-TREND:]
            )
            return _report(opt_outs.label, opt_outs.answer, counts, losses, trend)


def write_page(settings: Settings, report: OptOutReport) -> Path:
    """Write the report's page `reports/optouts/<version>.html`. Raises Refusal `disk-full`."""
    number = report.trend[-1].version if report.trend else 0
    file = IntakePlaces.of(settings).reports / "optouts" / f"{number}.html"
    write_report(file, f"Opt-outs, version {number}", _sections(report))
    return file


def _report(
    label: OptOutLabel,
    answer: CheckAnswer | None,
    counts: dict[str, int],
    losses: Sequence[UseLoss],
    trend: tuple[TrendPoint, ...],
) -> OptOutReport:
    age = None if answer is None else round((now() - answer.answered_at).total_seconds() / 86_400, 1)
    return OptOutReport(
        made_at=now().isoformat(),
        label=str(label),
        policy=label.policy,
        counts=_small(counts),
        answer_state=label.answer.value,
        answered_at=_iso(answer.answered_at if answer else None),
        answer_believed_until=_iso(answer.believed_until if answer else None),
        answer_age_days=age,
        losses=tuple(losses),
        trend=trend,
    )


def _loss(denied: DeniedReport) -> UseLoss:
    numbers = (people(denied.people), people(denied.touched), people(denied.lost))
    reasons = tuple((count.source_feed, count.kind, people(count.people)) for count in denied.counts)
    return UseLoss(denied.use.value, *numbers, reasons)


def _sections(report: OptOutReport) -> list[Section]:
    answer = f"The answer of the national check service is {report.answer_state}."
    if report.answered_at is not None:
        counts_from, until = map(_moment, (report.answered_at, report.answer_believed_until))
        answer += f" It counts from {counts_from} and is believed until {until}."
    if report.answer_state != "fresh":
        answer += " Without a fresh answer nobody's records may be used for anything but their own care."
    sections: list[Section] = [
        Text("The national answer", answer, "good" if report.answer_state == "fresh" else "stop"),
        Table("Opt-outs in force", ("kind and status", "NHS numbers"), _rows(report.counts)),
        _losses(report),
    ]
    sections += [_closed(loss) for loss in report.losses]
    return [*sections, *_plots(report)]


def _closed(loss: UseLoss) -> Table:
    """Feeds by first reason: how many people each closes the feed for."""
    counts = {(feed, reason): count for feed, reason, count in loss.by_feed_and_reason}
    reasons = [reason for reason in REASONS if any(reason == known for _, known in counts)]
    rows = tuple(
        (_words(feed), *(counts.get((feed, reason), 0) for reason in reasons))
        for feed in sorted({f for f, _ in counts})
    )
    note = "People, by the first reason that applies to them."
    return Table(f"Closed to {_words(loss.use)}", ("feed", *map(_words, reasons)), rows, note)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _losses(report: OptOutReport) -> Table:
    rows = tuple((loss.use.replace("_", " "), loss.people, loss.lose_some, loss.lose_all) for loss in report.losses)
    columns = ("use", "people in the region", "lose at least one feed", "lose every feed")
    return Table("What each use loses", columns, rows)


def _plots(report: OptOutReport) -> list[Section]:
    """Small counts are drawn as 0: the table beside has "<10"."""
    names = sorted({name for point in report.trend for name in point.counts} - {NATIONAL_ALLOWED})
    plots: list[Section] = []
    if report.losses:
        plots.append(
            BarPlot(
                "People who lose at least one feed",
                tuple(loss.use.replace("_", " ") for loss in report.losses),
                tuple(_drawn(loss.lose_some) for loss in report.losses),
                "people",
                SMALL_NOTE,
            )
        )
    if len(report.trend) > 1 and names:
        lines = {_label(name): tuple(_drawn(point.counts.get(name, 0)) for point in report.trend) for name in names}
        points = tuple(str(point.version) for point in report.trend)
        plots.append(LinePlot("Opt-outs over versions", points, lines, "NHS numbers", SMALL_NOTE))
    return plots


def _rows(counts: dict[str, Shown]) -> tuple[tuple[str, Shown], ...]:
    return tuple((_label(name), count) for name, count in counts.items())


def _label(name: str) -> str:
    """`type_1.active` in words."""
    special = {
        JOURNAL: "type 1, in the GP journal",
        NATIONAL_REFUSED: "national",
        NATIONAL_ALLOWED: "national: allowed",
    }
    return special.get(name, _words(name).replace(".", ", "))


def _small(counts: dict[str, int]) -> dict[str, Shown]:
    return {name: people(count) for name, count in sorted(counts.items())}


def _drawn(value: Shown) -> float:
    return float(value) if isinstance(value, int) else 0.0


def _moment(text: str | None) -> str:
    return f"{datetime.fromisoformat(text or ''):%-d %B %Y, %H:%M} UTC"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
