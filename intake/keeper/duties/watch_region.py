"""Duty: a data steward hears that there is no region to cut from, or that it lacks deliveries that were accepted."""

from __future__ import annotations

from governance.registry import current_region
from governance.registry.deliveries import accepted_deliveries
from governance.registry.keeper import DutyWarning
from intake.keeper.ground import Duty, Ground, Looked, Pace

BUILD = "Build it: sde region build."


def _work(ground: Ground) -> Looked:
    """A gateway without any delivery has extracts of other databases only, and is warned of nothing."""
    with ground.store.reading() as session:
        accepted, region = {delivery.id for delivery in accepted_deliveries(session)}, current_region(session)
    if not accepted:
        return Looked()
    if region is None:
        return Looked(
            (DutyWarning("region-missing", "Deliveries are accepted, but no region is built of them.", BUILD),)
        )
    warnings: list[DutyWarning] = []
    if missing := len(accepted - set(region.deliveries)):
        message = f"Accepted deliveries that the region does not hold yet: {missing}."
        warnings.append(DutyWarning("region-behind", message, BUILD))
    if withdrawn := len(set(region.deliveries) - accepted):
        message = f"Deliveries that the region still holds although they are accepted no longer: {withdrawn}."
        warnings.append(DutyWarning("region-holds-withdrawn", message, BUILD))
    if not (ground.settings.folder.region / region.folder).is_dir():
        warnings.append(DutyWarning("region-missing", "The region in force is not in its folder.", BUILD))
    return Looked(tuple(warnings))


WATCH_REGION = Duty(
    "watch-region", "Warns while the region is missing or does not hold what was accepted.", Pace.ROUND, _work
)
