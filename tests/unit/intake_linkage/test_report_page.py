"""The page for the steward holds counts, and hides small ones."""

from __future__ import annotations

from pathlib import Path

from intake.linkage.report import LinkReport, RankCount, ReasonCount
from intake.linkage.report_page import write_link_page

REPORT = LinkReport(
    people=20_000,
    newcomers=4,
    new=120,
    merged=0,
    ranks=(RankCount("gp", 1, 19_990), RankCount("hospital", 1, 30_000), RankCount("hospital", 5, 7)),
    refused=(ReasonCount("hospital", "number-of-another", 3),),
)


def test_the_page_hides_small_counts(tmp_path: Path) -> None:
    page = tmp_path / "links.html"
    write_link_page(page, REPORT)
    text = page.read_text()
    assert "20,000" in text or "20000" in text
    assert "other facts may link" in text
    assert "&lt;10" in text
    assert ">3<" not in text
    assert ">7<" not in text
