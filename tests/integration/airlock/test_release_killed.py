"""A release whose process is killed (SIGKILL) at each of its steps: afterwards nothing partial is there, the service
says what happened, and a second try releases once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from egress.release import fail_interrupted, release
from egress.releasing.signing import public_key
from egress.releasing.verification import verify_release
from egress.reviewing import conclude
from egress.states import State
from governance.audit import verify_chain
from tests.support.airlock_world import CHECKER, PROJECT, AirlockWorld, output

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]

#: The child: the same release, but at the named step the process is gone.
CHILD = """
import os, signal, sys
from egress import release as story
from egress.releasing import parcels
from egress.releasing.folder_store import FolderStore
from governance.settings import load_settings
from governance.store import open_store
from tests.support.airlock_world import AirlockWorld, CHECKER

def die(*given, **named):
    os.kill(os.getpid(), signal.SIGKILL)

def then_die(real):
    def do(*given, **named):
        real(*given, **named)
        die()
    return do

state, request, step = sys.argv[1:]
if step == "packing":
    parcels.write_crate = die
elif step == "packed":
    story.pack = then_die(parcels.pack)
elif step == "staged":
    FolderStore.stage = then_die(FolderStore.stage)
elif step == "handed over":
    FolderStore.publish = then_die(FolderStore.publish)
elif step == "finished":
    story._finish = then_die(story._finish)
settings = load_settings(state=state)
world = AirlockWorld.of(open_store(settings), settings)
story.release(world.airlock, requested_by=CHECKER, request_id=request)
"""


@pytest.mark.parametrize("step", ["packing", "packed", "staged", "handed over", "finished"])
def test_killed_at_a_step_leaves_a_whole_release_or_none(world: AirlockWorld, step: str) -> None:
    request = world.reviewed(output("a.csv"), output("b.csv", b"other"))
    conclude(world.airlock, actor=CHECKER, request_id=request)
    folder = world.airlock.settings.folder
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder.root), request, step],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=120,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    place = folder.releases / PROJECT / request
    released = step == "finished"
    assert (world.state(request) is State.RELEASED) == released

    assert fail_interrupted(world.airlock) == (0 if released else 1)
    assert [path.name for path in folder.releases.iterdir() if path.name.startswith(".")] == []
    assert place.exists() == released
    if not released:
        assert (world.state(request), world.row(request).problem) == (State.RELEASE_FAILED, "interrupted")
        release(world.airlock, requested_by=CHECKER, request_id=request)
    assert verify_release(place, public_key(folder.keys), request).files == 2
    assert world.events().count("egress.released") == 1
    with world.store.reading() as session:
        assert verify_chain(session, world.store.audit_head, world.store.signing_key).holds
