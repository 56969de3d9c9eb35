"""What of an inbox is a delivery, and of which feed."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.refusal import Refusal
from intake.landing.inbox import find_deliveries


def test_a_feeds_folder_is_one_delivery_or_holds_several_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "gp").mkdir()
    for part in ("2-late", "1-first"):
        (tmp_path / "hospital" / part).mkdir(parents=True)
    found = [(feed.name, folder.name) for feed, folder in find_deliveries(tmp_path)]
    assert found == [("gp", "gp"), ("hospital", "1-first"), ("hospital", "2-late")]


def test_what_is_no_feeds_is_left_alone(tmp_path: Path) -> None:
    for name in ("truth", "optouts", "synthea", "gp"):
        (tmp_path / name).mkdir()
    assert [feed.name for feed, _ in find_deliveries(tmp_path)] == ["gp"]


def test_links_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "gp").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refusal, match="nothing-delivered"):
        find_deliveries(tmp_path)
