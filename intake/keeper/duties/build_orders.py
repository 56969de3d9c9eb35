"""Duty: the extract that an approval ordered is built, and the order says how it went.

Promise: an order that broke off is built again; one that fails says why and is tried again later; one failure keeps no
other project from its extract.
"""

from __future__ import annotations

import json
from datetime import timedelta

from governance.access import can, check_project_in_force
from governance.applications.kinds import OrderState
from governance.applications.orders import OrderView, begin_order, end_order, open_orders
from governance.clock import now
from governance.refusal import Refusal
from governance.registry import current_extract
from governance.registry.keeper import KEEPER, DutyWarning
from governance.roles import ExtractOrigin
from intake.keeper.children import Ran
from intake.keeper.ground import Duty, Ground, Looked, Pace

RETRY = timedelta(hours=1)


def _work(ground: Ground) -> Looked:
    with ground.store.reading() as session:
        waiting = [order for order in open_orders(session) if can(check_project_in_force, session, order.project)]
    for order in waiting:
        if order.state != OrderState.FAILED or now() >= order.changed_at + RETRY:
            _build(ground, order)
    with ground.store.reading() as session:
        failed = [order for order in open_orders(session) if order.state == OrderState.FAILED]
    return Looked(tuple(_warn(order) for order in failed))


def _build(ground: Ground, order: OrderView) -> None:
    begin_order(ground.store, actor=KEEPER, number=order.number)
    refusal = _adopted(ground, order.project)
    if refusal is None:
        ran = ground.run(ground.settings, ("extract", "build", order.project, "--json"))
        refusal = _read(ran) if ran.status else None
    end_order(ground.store, actor=KEEPER, number=order.number, refusal=refusal)


def _adopted(ground: Ground, project: str) -> Refusal | None:
    with ground.store.reading() as session:
        held = current_extract(session, project)
    if held is None or held.origin == ExtractOrigin.REGION:
        return None
    by_hand = f"A data steward adopts the database again: sde extract adopt {project}."
    return Refusal("extract-adopted", "The project's data were adopted from another database.", by_hand)


def _read(ran: Ran) -> Refusal:
    """The refusal that the command printed; of anything else only that it failed."""
    try:
        told = json.loads(ran.output)
        return Refusal(str(told["code"]), str(told["message"]), str(told["remedy"]))
    except (ValueError, KeyError, TypeError):
        return Refusal("extract-not-built", "The extract could not be built.")


def _warn(order: OrderView) -> DutyWarning:
    message = f"The ordered extract of {order.project} was not built: {order.reason}"
    return DutyWarning(order.code, message, f"By hand: sde extract build {order.project}.")


BUILD_ORDERS = Duty("build-orders", "Builds the extracts that approvals ordered.", Pace.ROUND, _work)
