"""Duty: each state of the opt-outs has its page of counts, so that a data steward finds it in the portal."""

from __future__ import annotations

from governance.registry import current_region
from governance.registry.keeper import DutyWarning
from governance.registry.opt_outs import current_opt_out_version
from intake.keeper.ground import Duty, DutyFailed, Ground, Looked, Pace
from intake.places import IntakePlaces

FAILED = DutyWarning(
    "opt-outs-not-reported", "The page of counts of the opt-outs could not be written.", "By hand: sde optout report."
)


def _work(ground: Ground) -> Looked:
    """What each use loses can be counted once there is a region."""
    with ground.store.reading() as session:
        version, region = current_opt_out_version(session), current_region(session)
    if version is None or region is None:
        return Looked()
    page = IntakePlaces.of(ground.settings).reports / "optouts" / f"{version.number}.html"
    if not page.exists() and ground.run(ground.settings, ("optout", "report")).status:
        raise DutyFailed(FAILED)
    return Looked()


REPORT_OPT_OUTS = Duty(
    "report-opt-outs", "Writes the page of counts of each state of the opt-outs.", Pace.ROUND, _work, retry_minutes=60
)
