"""Duty: an application that waits too long for its applicant lapses."""

from __future__ import annotations

from governance.applications.triage import lapse_applications
from governance.registry.keeper import KEEPER
from intake.keeper.ground import Duty, Ground, Looked, Pace


def _work(ground: Ground) -> Looked:
    lapse_applications(ground.store, actor=KEEPER)
    return Looked()


LAPSE_APPLICATIONS = Duty(
    "lapse-applications", "Ends applications that wait too long for their applicant.", Pace.ROUND, _work
)
