"""Report pages: chosen by rows of the register, read from their own folder only, within the portal's content policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from governance.registry import record_extract, record_region
from governance.registry.deliveries import DeliveryState
from governance.settings import Settings
from governance.store import Store
from governance.store.intake import RegionVersion
from hub.portal.portal import PREFIX
from hub.portal.report_files import MOST_BYTES, Kind, has_report, read_report
from intake.reporting import BarPlot, LinePlot, Table, Text, write_report
from tests.support.intake_rows import BY, add_delivery

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

DATA = f"{PREFIX}/data"
SECTIONS = (
    Text("Words", "All is <well>.", "good"),
    Table("Counts", ("table", "rows"), (("patient", 1200), ("journal", 3))),
    BarPlot("Reasons", ("bad day", "bad code"), (4.0, 30.0), "rows"),
    LinePlot("Months", ("2026-01", "2026-02"), {"gp": (1.0, 2.0)}, "rows"),
)
Visit = Callable[[str], TestClient]


@pytest.fixture
def reports(settings: Settings, demo_register: Store) -> Path:
    """A report of each kind, with its row."""
    folder = settings.folder.reports
    add_delivery(demo_register, "d1", DeliveryState.ACCEPTED)
    record_region(demo_register, actor=BY, folder="r1", sha256="0" * 64, deliveries=(), people=1, rows=1)
    record_extract(demo_register, actor=BY, slug="gi-bleed", folder="gi-bleed/e1", sha256="0" * 64, people=1, rows=1)
    for name in ("deliveries/d1", "regions/r1", "extracts/gi-bleed-e1"):
        write_report(folder / f"{name}.html", f"Report of {name}", SECTIONS)
    return folder


@pytest.mark.parametrize(
    ("path", "of"),
    [("deliveries/d1", "deliveries/d1"), ("regions/r1", "regions/r1"), ("extracts/1", "extracts/gi-bleed-e1")],
)
def test_a_steward_reads_the_report_of_a_row(path: str, of: str, visit: Visit, reports: Path) -> None:
    answer = visit("steward").get(f"{DATA}/{path}/report")
    assert answer.status_code == 200
    assert f"Report of {of}" in answer.text
    assert "All is &lt;well&gt;." in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    # what the policy would keep a browser from applying is not in the page
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert "<style" not in answer.text
    assert "../style.css" not in answer.text
    page = visit("steward").get(f"{DATA}/{path.split('/')[0]}").text
    assert f'href="{DATA}/{path}/report"' in page


@pytest.mark.parametrize("who", ["researcher-c", "checker-a", "keyholder-a", "clinician"])
def test_nobody_else_reads_one(who: str, visit: Visit, reports: Path) -> None:
    for path in ("deliveries/d1", "regions/r1", "extracts/1", "opt-outs/1"):
        answer = visit(who).get(f"{DATA}/{path}/report")
        assert answer.status_code == 403
        assert "Report of" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "deliveries/none/report",
        "deliveries/..%2Fregions%2Fr1/report",
        "deliveries/%2e%2e%2fd1/report",
        "regions/..%2F..%2Fregister.db/report",
        "regions/r1%00/report",
        "extracts/2/report",
        "extracts/0/report",
        "extracts/99999999999999999999/report",
        "extracts/gi-bleed%2Fe1/report",
        "opt-outs/1/report",
        "opt-outs/-1/report",
    ],
)
def test_an_address_leads_to_a_row_or_nowhere(path: str, visit: Visit, reports: Path) -> None:
    answer = visit("steward").get(f"{DATA}/{path}")
    assert answer.status_code == 404
    assert "Report of" not in answer.text


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../regions/r1", "/etc/passwd", "a/../d1", ".hidden", "a//d1", "d1\0", "d1\n", "d1/", "ｄ1", "a b"],
)
def test_not_even_a_row_names_a_path(name: str, settings: Settings, reports: Path) -> None:
    assert not has_report(settings, Kind.DELIVERIES, name)
    assert read_report(settings, Kind.DELIVERIES, name) is None


def test_a_row_that_was_written_by_hand_leads_nowhere(visit: Visit, demo_register: Store, reports: Path) -> None:
    with demo_register.transaction() as session:
        session.get_one(RegionVersion, "r1").id = "../deliveries/d1"
    assert "Report of" not in visit("steward").get(f"{DATA}/regions/..%2Fdeliveries%2Fd1/report").text
    assert visit("steward").get(f"{DATA}/regions").status_code == 200


def test_no_link_is_followed(settings: Settings, reports: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.html"
    secret.write_text("secret")
    (reports / "deliveries" / "linked.html").symlink_to(secret)
    (reports / "extracts" / "elsewhere").symlink_to(tmp_path)
    assert read_report(settings, Kind.DELIVERIES, "linked") is None
    assert read_report(settings, Kind.EXTRACTS, "elsewhere/secret") is None
    (reports / "deliveries" / "folder.html").mkdir()
    assert read_report(settings, Kind.DELIVERIES, "folder") is None
    assert read_report(settings, Kind.DELIVERIES, "d1") is not None


def test_a_file_that_is_no_report_is_not_read_whole(settings: Settings, reports: Path) -> None:
    with (reports / "deliveries" / "big.html").open("wb") as big:
        big.truncate(MOST_BYTES + 1)
    assert read_report(settings, Kind.DELIVERIES, "big") is None
