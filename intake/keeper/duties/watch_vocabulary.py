"""Duty: a data steward hears that real deliveries are mapped with the short list of concepts alone."""

from __future__ import annotations

from governance.registry.deliveries import accepted_deliveries
from governance.registry.keeper import DutyWarning
from intake.keeper.ground import Duty, Ground, Looked, Pace

MISSING = DutyWarning(
    "vocabulary-missing",
    "No vocabulary of your own is loaded: codes beyond the short built-in list become concept 0.",
    "Load your download of the standard vocabularies: sde vocabulary load FOLDER, then build the region.",
)


def _work(ground: Ground) -> Looked:
    """The short list holds every code that the demonstration's region uses."""
    if ground.settings.is_demo or any(ground.settings.folder.vocabulary.glob("[0-9]*")):
        return Looked()
    with ground.store.reading() as session:
        return Looked((MISSING,) if accepted_deliveries(session) else ())


WATCH_VOCABULARY = Duty(
    "watch-vocabulary",
    "Warns while real deliveries are mapped with the built-in list of codes alone.",
    Pace.ROUND,
    _work,
)
