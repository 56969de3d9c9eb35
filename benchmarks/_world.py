"""A real gateway for benchmarks: as many projects as are needed, two people who are signed in, their workspaces."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
from bs4 import BeautifulSoup

from governance.clock import today
from governance.demo_register import ACTOR, PROJECT_DAYS, demo_approvals, load_demo_register
from governance.registry import initialise
from governance.registry.members import add_member
from governance.registry.projects import create_project
from governance.roles import Mode, ProjectRole, Purpose
from governance.settings import Settings, load_settings
from hub.names import places_of
from hub.processes import find_holders
from tests.support.gateway import Gateway

PEOPLE = ("researcher-a", "researcher-b")
PORTAL = "/services/portal/"
START_SECONDS, STOP_SECONDS = 180.0, 60.0
LOOK_SECONDS = 0.05

Pair = tuple[str, str]


@dataclass
class World:
    """A running gateway, and who may work where."""

    gateway: Gateway
    settings: Settings
    pairs: list[Pair]
    people: dict[str, httpx.Client] = field(default_factory=dict)

    def url(self, pair: Pair, path: str = "") -> str:
        """A workspace's address at the edge."""
        return f"{self.gateway.url}/user/{pair[0]}/{pair[1]}/{path}"

    def start(self, pair: Pair) -> float:
        """Press the portal's button; seconds from the press until the notebook server answers through the edge."""
        began = time.perf_counter()
        self._press(pair, "start")
        wait_for(lambda: self._opens(pair), START_SECONDS)
        return time.perf_counter() - began

    def stop(self, pair: Pair) -> float:
        """Seconds from the press until nothing of the workspace is left."""
        began = time.perf_counter()
        self._press(pair, "stop")
        wait_for(lambda: not self.roots(pair), STOP_SECONDS)
        wait_for(lambda: self.status(pair) != httpx.codes.OK, STOP_SECONDS)
        return time.perf_counter() - began

    def status(self, pair: Pair, path: str = "api") -> int:
        """What the edge answers; 0 if it does not."""
        try:
            answer = self.people[pair[0]].get(self.url(pair, path), follow_redirects=False, timeout=10)
        except httpx.HTTPError:
            return 0
        return answer.status_code

    def _opens(self, pair: Pair) -> bool:
        """Whether the workspace's server answers, as a browser finds it: by the portal, which lets it in."""
        try:
            answer = self.people[pair[0]].get(self.url(pair, "api"), timeout=10)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK and str(answer.url) == self.url(pair, "api")

    def portal_shows(self, pair: Pair) -> bool:
        """Whether the person's portal offers the running workspace."""
        try:
            page = self.people[pair[0]].get(PORTAL, timeout=10)
        except httpx.HTTPError:
            return False
        return page.status_code == httpx.codes.OK and f"{pair[0]}/{pair[1]}/lab" in page.text

    def roots(self, pair: Pair) -> list[int]:
        """The sandbox's processes that hold its lock."""
        return [process.pid for process in find_holders(places_of(self.settings.folder, *pair).lock)]

    def _press(self, pair: Pair, button: str) -> None:
        client = self.people[pair[0]]
        page = client.get(PORTAL)
        for form in BeautifulSoup(page.text, "html.parser").find_all("form"):
            if str(form.get("action", "")).endswith(f"/{pair[1]}/{button}"):
                named = [held for held in form.find_all("input") if held.get("name")]
                chosen = [held for held in named if held.get("type") != "radio" or held.has_attr("checked")]
                data = {str(held["name"]): str(held.get("value", "")) for held in chosen}
                address = page.url.join(str(form["action"]))
                answer = client.post(address, data=data, headers={"Origin": self.gateway.url}, timeout=60)
                if answer.is_error:
                    raise RuntimeError(f"{button} {pair}: {answer.status_code}\n{self.gateway.tell()}")
                return
        raise RuntimeError(f"no button to {button} {pair}: {page.status_code} {page.url}\n{self.gateway.tell()}")


@contextmanager
def running_world(folder: Path, workspaces: int) -> Iterator[World]:
    """A gateway with `workspaces` pairs of a person and a project, two people signed in. Stopped at the end."""
    gateway = Gateway(folder / "state")
    settings = load_settings(state=gateway.state, port=gateway.port)
    pairs = _register(settings, workspaces)
    with gateway:
        world = World(gateway, settings, pairs)
        try:
            for person in PEOPLE:
                world.people[person] = gateway.sign_in(person)
            yield world
        finally:
            for client in world.people.values():
                client.close()


def _register(settings: Settings, workspaces: int) -> list[Pair]:
    store = initialise(settings)
    load_demo_register(store)
    until = today() + timedelta(days=PROJECT_DAYS)
    pairs: list[Pair] = []
    for number in range((workspaces + len(PEOPLE) - 1) // len(PEOPLE)):
        slug = f"bench-{number}"
        create_project(
            store, actor=ACTOR, slug=slug, title=slug, purpose=Purpose.LOCAL_PLANNING, mode=Mode.AGGREGATE,
            profile="nhs-sde", ends=until, approvals=demo_approvals(slug, until),
        )  # fmt: skip
        for person in PEOPLE:
            add_member(store, actor=ACTOR, slug=slug, subject=person, role=ProjectRole.RESEARCHER, until=until)
            pairs.append((person, slug))
    store.close()
    return pairs[:workspaces]


def wait_for(condition: Callable[[], bool], seconds: float) -> float:
    """Ask again and again; seconds it took. Raises TimeoutError."""
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > seconds:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(LOOK_SECONDS)
    return time.perf_counter() - began


def descendants(roots: list[int]) -> set[int]:
    """The processes and all that they have started."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                stat = Path(entry.path, "stat").read_text()
            except OSError:
                continue
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, todo = set(), list(roots)
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, [])
    return found


def proportional_mebibytes(pids: set[int]) -> float:
    """Memory of these processes, what several share divided by their number (PSS)."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024
