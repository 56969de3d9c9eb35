"""The airlock's checks on a labelled corpus: misses and false alarms by kind, and speed.

    python -m benchmarks egress

Goals: no miss among the files that may not leave; at most 3 % of the others stopped; at most 10 % of those that may leave
looked at for nothing; and the times of speed.py. Known misses are named, and why.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.egress.accuracy import MOST_FALSE_FAILS, MOST_UNNEEDED_REVIEWS, Judged, Score, judge
from benchmarks.egress.corpus import write_corpus
from benchmarks.egress.known import KNOWN
from benchmarks.egress.speed import Timing, measure_speed

console = Console(highlight=False)


def main() -> None:
    """Judge the corpus, measure, and print."""
    with tempfile.TemporaryDirectory(prefix="egress-corpus-") as folder:
        files = write_corpus(Path(folder))
        console.print(f"{len(files)} files: {dict(Counter(one.verdict for one in files))}")
        _print_score(judge(files, Path(folder)))
    with tempfile.TemporaryDirectory(prefix="egress-speed-") as folder:
        _print_speed(measure_speed(Path(folder)))


def _print_score(score: Score) -> None:
    table = Table("kind", "files", "missed", "false alarms", box=None, pad_edge=False)
    for kind, files, missed, alarms in score.by_kind():
        table.add_row(kind, str(files), str(missed or "-"), str(alarms or "-"))
    console.print(table)
    _print_named("Missed (goal: none)", score.named("missed"))
    _print_named("Stopped, but not for what was planted", score.named("for_another_reason"))
    _print_named("Nobody was told to look", score.named("unseen"))
    share = f"{score.false_fail_share:.1%} (goal at most {MOST_FALSE_FAILS:.0%})"
    _print_named(f"Stopped for nothing: {share}", score.named("false_fail"))
    share = f"{score.unneeded_review_share:.1%} (goal at most {MOST_UNNEEDED_REVIEWS:.0%})"
    _print_named(f"Looked at for nothing: {share}", score.named("unneeded_review"))


def _print_named(title: str, judged: list[Judged]) -> None:
    console.print(f"\n{title}: {len(judged)}", markup=False)
    for one in judged:
        known = f" [known: {KNOWN[one.file.name]}]" if one.file.name in KNOWN else ""
        console.print(f"  {one}{known}", markup=False)


def _print_speed(timings: list[Timing]) -> None:
    table = Table("\nspeed", "clock s", "processor s", "bare csv read s", "ratio", box=None, pad_edge=False)
    for one in timings:
        ratio = one.processor / one.bare if one.bare else 0.0
        figures = f"{one.clock:.2f}", f"{one.processor:.2f}", f"{one.bare:.3f}", f"{ratio:.0f}"
        table.add_row(one.what, *figures)
    console.print(table)


if __name__ == "__main__":
    main()
