"""What of an inbox is a delivery, and of which feed."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.refusal import Refusal
from intake.landing.inbox import find_deliveries


def test_a_feeds_folder_is_one_delivery_or_holds_several_in_the_order_of_their_names(tmp_path: Path) -> None:
    put(tmp_path / "gp")
    for part in ("2-late", "1-first"):
        put(tmp_path / "hospital" / part)
    found = [(feed.name, folder.name) for feed, folder in find_deliveries(tmp_path)]
    assert found == [("gp", "gp"), ("hospital", "1-first"), ("hospital", "2-late")]


def test_what_is_no_feeds_or_empty_is_left_alone(tmp_path: Path) -> None:
    for name in ("truth", "optouts", "synthea", "gp"):
        put(tmp_path / name)
    (tmp_path / "hospital" / "1-first").mkdir(parents=True)
    (tmp_path / "community").mkdir()
    assert [feed.name for feed, _ in find_deliveries(tmp_path)] == ["gp"]


def put(folder: Path) -> None:
    """A folder with a file in it."""
    folder.mkdir(parents=True)
    (folder / "File.csv").write_text("x\n")


def test_links_lead_nowhere(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere")
    (tmp_path / "gp").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refusal, match="nothing-delivered"):
        find_deliveries(tmp_path)
