"""The data steward's pages: what arrived, what was built of it, under which opt-outs, for whom; and the decision on a
delivery that waits. Counts only.
"""

from __future__ import annotations

from fastapi.responses import HTMLResponse, Response

from governance.refusal import Refusal
from governance.registry.deliveries import DeliveryState, decide_delivery
from hub.portal.forms import ReasonForm, ValuesNow, read_form
from hub.portal.portal import NOTHING_KEPT, Kept, Portal, PortalNow, Visit, VisitNow, redirect
from hub.portal.views.data import has_looked, read_answer, read_counts, read_deliveries, read_opt_outs, read_regions
from hub.portal.views.extracts import read_extracts
from hub.portal.views.keeper import read_keeper

DELIVERIES = "/data/deliveries"


def overview(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """What the keeper warns of, and how the data stand."""
    with portal.store.reading() as session:
        keeper, answer, asked = read_keeper(session, portal.settings), read_answer(session), has_looked(session)
        held = sum(row.is_held for row in read_deliveries(session, portal.settings))
        region = next(iter(read_regions(session, portal.settings)), None)
    return portal.render(
        visit,
        "data_overview.html",
        title="Data",
        section="data",
        keeper=keeper,
        held=held,
        region=region,
        answer=answer,
        asked=asked,
    )


def deliveries(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """Every delivery with its counts and state; those that wait come with the decision."""
    return _deliveries_page(portal, visit)


def accept_delivery(delivery: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Accept a delivery that waits, with a reason."""
    return _decide(portal, visit, values, delivery, DeliveryState.ACCEPTED)


def reject_delivery(delivery: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Reject a delivery that waits, with a reason."""
    return _decide(portal, visit, values, delivery, DeliveryState.REJECTED)


def regions(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """Versions of the region, with their conformance reports."""
    with portal.store.reading() as session:
        rows = read_regions(session, portal.settings)
    return portal.render(visit, "data_regions.html", title="Region", section="data", regions=rows)


def opt_outs(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """Opt-outs by kind, the age of the check service's answer, and the reports of each state."""
    with portal.store.reading() as session:
        versions, counts = read_opt_outs(session, portal.settings), read_counts(session)
        answer, looked = read_answer(session), has_looked(session)
    return portal.render(
        visit,
        "data_opt_outs.html",
        title="Opt-outs",
        section="data",
        versions=versions,
        counts=counts,
        answer=answer,
        looked=looked,
    )


def extracts(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """The extract of each project: its purpose, its age, what is newer, its ledger."""
    with portal.store.reading() as session:
        rows = read_extracts(session, portal.settings)
    return portal.render(visit, "data_extracts.html", title="Extracts", section="data", extracts=rows)


def _decide(portal: Portal, visit: Visit, values: ValuesNow, delivery: str, state: DeliveryState) -> Response:
    try:
        reason = read_form(ReasonForm, values).reason
        decide_delivery(portal.store, actor=visit.subject, delivery=delivery, state=state, reason=reason)
    except Refusal as refusal:
        return _deliveries_page(portal, visit, Kept(delivery, refusal, values))
    return redirect(DELIVERIES, f"delivery-{state}")


def _deliveries_page(portal: Portal, visit: Visit, kept: Kept = NOTHING_KEPT) -> HTMLResponse:
    with portal.store.reading() as session:
        rows = read_deliveries(session, portal.settings)
    return portal.render(visit, "data_deliveries.html", title="Deliveries", section="data", kept=kept, deliveries=rows)
