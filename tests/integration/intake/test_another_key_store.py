"""Keys may be kept elsewhere: with a store whose keys never leave another process, everything works and no file has a
key.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pytest

from governance.clock import now
from governance.extracts import MARKS
from governance.refusal import Refusal
from governance.settings import Settings
from intake.keys import KEY_BYTES, KeyRecord, KeyStore, MarkKey, PseudonymKey
from intake.keys.computing import Tick
from intake.keys.store import key_missing
from tests.support.reidentification_lab import OTHER_PROJECT, PEOPLE, PROJECT, Lab, make_template, open_copy, spine_id


def guard_keys(pipe: Connection) -> None:
    """The other process: makes keys, computes under them, and answers with numbers."""
    import secrets

    kept: dict[tuple[str, str], bytes] = {}
    while True:
        what, name, ids = pipe.recv()
        if what == "stop":
            return
        if what == "make":
            pipe.send(kept.setdefault(name, secrets.token_bytes(KEY_BYTES)) is not None)
        elif what == "exists":
            pipe.send(name in kept)
        elif what == "id":
            pipe.send(PseudonymKey(kept[name]).key_id)
        else:
            secret = kept[name]
            pipe.send(
                PseudonymKey(secret).pseudonym_array(ids) if what == "pseudonyms" else MarkKey(secret).mark_array(ids)
            )


@dataclass(frozen=True)
class Distant:
    """One key, from here."""

    store: DistantStore
    name: tuple[str, str]

    @property
    def key_id(self) -> str:
        return str(self.store.ask("id", self.name))

    def pseudonyms(self, identifiers: Iterable[int | str]) -> list[int]:
        return list(map(int, self.pseudonym_array(np.array(list(identifiers), np.int64))))

    def pseudonym_array(self, identifiers: npt.NDArray[np.int64], tick: Tick | None = None) -> npt.NDArray[np.int64]:
        return np.asarray(self.store.ask("pseudonyms", self.name, identifiers), np.int64)

    def marks(self, identifiers: Iterable[int | str]) -> list[int]:
        return list(map(int, self.mark_array(np.array(list(identifiers), np.int64))))

    def mark_array(self, identifiers: npt.NDArray[np.int64], tick: Tick | None = None) -> npt.NDArray[np.uint64]:
        return np.asarray(self.store.ask("marks", self.name, identifiers), np.uint64)


class DistantStore:
    """As a key management service would look from here; one generation is enough to show it."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe, self.made = pipe, dict[tuple[str, str], KeyRecord]()

    def ask(self, what: str, name: tuple[str, str], ids: object = None) -> object:
        self.pipe.send((what, name, ids))
        return self.pipe.recv()

    def exists(self, project: str, domain: str) -> bool:
        return bool(self.ask("exists", (project, domain)))

    def open(self, project: str, domain: str, *, key_id: str = "", make: bool = False) -> Distant:
        if not self.exists(project, domain):
            if not make:
                raise key_missing(project, domain)
            self.ask("make", (project, domain))
        found = Distant(self, (project, domain))
        if key_id not in ("", found.key_id):
            raise key_missing(project, domain)
        self.made[project, domain] = KeyRecord(project, domain, 1, found.key_id, now(), True)
        return found

    def open_cut(self, cut: str) -> Distant:
        self.ask("make", ("cut", cut))
        return Distant(self, ("cut", cut))

    def rotate(self, project: str, domain: str) -> KeyRecord:
        raise Refusal("not-here", "Rotate it in the service.")

    def retire(self, project: str, keep: frozenset[str]) -> tuple[KeyRecord, ...]:
        return ()

    def destroy(self, project: str) -> tuple[KeyRecord, ...]:
        raise Refusal("not-here", "Destroy it in the service.")

    def records(self, project: str | None = None) -> tuple[KeyRecord, ...]:
        return tuple(record for record in self.made.values() if project in (None, record.project))


@pytest.fixture
def distant() -> Iterator[DistantStore]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=guard_keys, args=(there,))
    process.start()
    yield DistantStore(here)
    here.send(("stop", ("", ""), None))
    process.join(20)
    process.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, demo_template: Path) -> Lab:
    return make_template(tmp_path_factory.mktemp("lab") / "state", demo_template, cut=False)


@pytest.mark.slow
def test_an_extract_under_keys_that_are_elsewhere(
    template: Lab, settings: Settings, distant: DistantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: KeyStore = distant
    monkeypatch.setattr("intake.cut.pipeline.key_store", lambda _: store)
    for lab in open_copy(template, settings):
        for project in (PROJECT, OTHER_PROJECT, PROJECT):
            lab.cut(project)
        found = {}
        for project in (PROJECT, OTHER_PROJECT):
            with duckdb.connect(str(lab.database(project)), read_only=True) as extract:
                found[project] = dict(extract.execute(f"SELECT person_id, mark FROM {MARKS}").fetchall())
        everybody = list(map(spine_id, range(1, PEOPLE + 2)))
        assert set(found[PROJECT]) == set(store.open(PROJECT, "person").pseudonyms(everybody))
        assert not set(found[PROJECT]) & set(found[OTHER_PROJECT])
        assert set(found[PROJECT].values()) == set(found[OTHER_PROJECT].values()), "one cut, one set of marks"
        assert not list(lab.settings.folder.keys.glob("*.key"))
