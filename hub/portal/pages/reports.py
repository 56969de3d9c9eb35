"""Shows the intake's report pages. Promise: a file is chosen by a row of the register, never by what the address says,
and nothing but a report in the reports' own folder is read.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from fastapi.responses import HTMLResponse

from governance.refusal import Refusal
from governance.store.intake import Delivery, OptOutVersion, RegionVersion
from governance.store.projects import Extract
from hub.portal.portal import Portal, PortalNow
from hub.portal.report_files import Kind, name_of_extract, read_report

#: Of a row; what no database could hold makes no sense as an address.
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
NONE = Refusal("no-such-report", "There is no such report.", "It is written when the step that it is about has ended.")
#: For a report that is opened as a file; here the look comes from the portal.
OWN_STYLE = '<link rel="stylesheet" href="../style.css">'


def delivery_report(delivery: str, portal: PortalNow) -> HTMLResponse:
    """The quality report of a delivery: completeness, months, quarantine by reason."""
    with portal.store.reading() as session:
        row = session.get(Delivery, delivery)
        return _show(portal, Kind.DELIVERIES, row.id if row else "")


def region_report(version: str, portal: PortalNow) -> HTMLResponse:
    """The conformance report of a version of the region."""
    with portal.store.reading() as session:
        row = session.get(RegionVersion, version)
        return _show(portal, Kind.REGIONS, row.id if row else "")


def opt_out_report(number: Number, portal: PortalNow) -> HTMLResponse:
    """The report of a state of the opt-outs: counts by kind and what they close."""
    with portal.store.reading() as session:
        row = session.get(OptOutVersion, number)
        return _show(portal, Kind.OPT_OUTS, str(row.id) if row else "")


def extract_report(number: Number, portal: PortalNow) -> HTMLResponse:
    """The ledger report of an extract."""
    with portal.store.reading() as session:
        row = session.get(Extract, number)
        return _show(portal, Kind.EXTRACTS, name_of_extract(row.folder) if row else "")


def _show(portal: Portal, kind: Kind, name: str) -> HTMLResponse:
    """Raises Refusal `no-such-report`: for a row that is not there and a file that is not there alike."""
    page = read_report(portal.settings, kind, name)
    if page is None:
        raise NONE
    return HTMLResponse(page.replace(OWN_STYLE, ""))
