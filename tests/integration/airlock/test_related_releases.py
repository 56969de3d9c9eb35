"""Earlier releases beside a file: why each is named, who sees them, and the link on the reviewer's page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from egress.airlock import Airlock
from egress.ending_review import conclude_and_release
from egress.recalling import recall
from egress.related import Why, related_releases
from egress.states import State
from governance.refusal import Refusal
from governance.settings import Settings
from tests.support.airlock_service import served
from tests.support.airlock_world import (
    ADMIN,
    AUTHOR,
    CHECKER,
    COLLEAGUE,
    AirlockWorld,
    output,
    read_no_tables,
    take_off_a_word,
)

pytestmark = pytest.mark.slow
TABLE = b"sex,year,people\nF,2024,120\nF,2025,135\nM,2024,115\nM,2025,90\n"
LATER = b"sex,year,people\nF,2024,220\nF,2025,235\nM,2024,215\nM,2025,190\n"
OTHER = b"drug,people\nA,500\nB,700\n"


@pytest.fixture
def world(airlock_template: Path, settings: Settings) -> Iterator[AirlockWorld]:
    """Tables are read as they are in earnest: what a table is about comes from there."""
    copied = AirlockWorld.copy_of(airlock_template, settings)
    assert copied.airlock.read_tables is read_no_tables
    yield AirlockWorld(Airlock(copied.store, settings, copied.airlock.check_files, take_off_a_word))
    copied.store.close()


def related(world: AirlockWorld, request: str, actor: str = CHECKER) -> dict[str, tuple[Why, ...]]:
    file = world.outputs(request)[0].id
    found = related_releases(world.airlock, actor=actor, request_id=request, file_id=file)
    return {one.request: one.whys for one in found}


def test_each_with_its_reason_and_a_link(world: AirlockWorld) -> None:
    left = world.reviewed(output("table.csv", TABLE))
    assert conclude_and_release(world.airlock, actor=CHECKER, request_id=left) is State.RELEASED
    world.submitted(output("table.csv", TABLE))  # not released, so no earlier release
    same_labels = world.submitted(output("renamed.csv", LATER))
    assert related(world, same_labels) == {left: (Why.LABELS,)}
    same_name = world.submitted(output("Table.csv", OTHER))
    assert related(world, same_name) == {left: (Why.NAME,)}
    assert related(world, world.submitted(output("drugs.csv", OTHER))) == {}
    for outsider in (AUTHOR, COLLEAGUE):
        assert related(world, same_labels, outsider) == {}
    with pytest.raises(Refusal):
        related_releases(world.airlock, actor=CHECKER, request_id="0" * 16, file_id=1)
    with served(world) as gateway:
        page = gateway.page(gateway.browser(CHECKER), same_labels)
        (link,) = page.soup.select("ul[aria-labelledby=related] a")
        assert str(link["href"]).endswith(f"/requests/{left}")
        assert "mostly the same labels" in page.text and "Recalled" not in page.text
        recall(world.airlock, actor=ADMIN, request_id=left, reason="A mistake")
        assert "Recalled" in gateway.page(gateway.browser(CHECKER), same_labels).text
