"""The labelled corpus, made anew each time from one seed: the same bytes on every run, so nothing of it need be kept.

Labels follow the rules of the NHS England Secure Data Environment (counts under 10 suppressed, the others rounded to 5),
whatever the checks say today. The files are written as analysts' tools write them, not as the checks read them.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from benchmarks.egress import (
    containers,
    languages,
    layouts,
    leaky_counts,
    leaky_persons,
    office,
    safe_tables,
    safe_texts,
)
from benchmarks.egress.labelled import Labelled

SEED = 20261122
CHAPTERS = (safe_tables, safe_texts, leaky_counts, leaky_persons, containers, office, languages, layouts)
LABELS = "labels.json"


def make_corpus() -> list[Labelled]:
    """Every file with its label. No two have the same name."""
    made = [one for number, chapter in enumerate(CHAPTERS) for one in chapter.cases(Random(SEED + number))]
    names = [one.name for one in made]
    if len(set(names)) < len(names):
        raise ValueError("two files of the corpus have the same name")
    return made


def write_corpus(folder: Path) -> list[Labelled]:
    """Write the files and their labels (LABELS) into an empty folder."""
    made = make_corpus()
    for one in made:
        (folder / one.name).write_bytes(one.content)
    (folder / LABELS).write_text(json.dumps([one.label() for one in made], indent=1))
    return made
