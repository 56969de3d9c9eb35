"""The demonstration's data: people, projects, and two different cuts of the synthetic GiBleed database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select

from governance.demo_airlock import load_demo_airlock
from governance.demo_register import PROJECTS, REGION_PROJECTS, load_demo_register
from governance.refusal import Refusal
from governance.registry import current_extract
from governance.settings import Settings
from governance.store import Store, open_store
from governance.store.projects import Project
from hub.demo_region import load_region

SDE = str(Path(sys.executable).parent / "sde")
#: What `sde demo reset` removes; sde.toml and whatever else lies in the state folder stays.
STATE_FILES = ("register.db", "register.db-wal", "register.db-shm", "hub.sqlite", "hub.sqlite-wal", "hub.sqlite-shm")
STATE_FOLDERS = (
    "keys",
    "extracts",
    "identifiable",
    "region",
    "foreign",
    "vocabulary",
    "reports",
    "homes",
    "shared",
    "airlock",
    "releases",
    "mail",
    "imports",
    "archives",
    "audit",
    "logs",
    "run",
)
SYNTHETIC = "synthetic data: nobody to opt out"
CHMOD, REMOVE = "/usr/bin/chmod", "/usr/bin/rm"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class DemoExtract:
    """How one project's extract is cut from GiBleed: further arguments of `sde extract adopt`."""

    project: str
    arguments: tuple[str, ...] = ()


EXTRACTS: tuple[DemoExtract, ...] = (
    DemoExtract("gi-bleed"),
    # People with acute bronchitis (260139) or viral sinusitis (40481087), born after 1950.
    DemoExtract(
        "respiratory",
        ("--cohort", "condition_occurrence.condition_concept_id=260139,40481087", "--born-after", "1950"),
    ),
)


def is_empty(store: Store) -> bool:
    """Whether the register knows no project yet."""
    with store.reading() as session:
        return session.scalar(select(Project.slug).limit(1)) is None


def count_other_projects(store: Store) -> int:
    """How many projects are not the demonstration's."""
    with store.reading() as session:
        return len(set(session.scalars(select(Project.slug))) - {project.slug for project in PROJECTS})


def load_demo(settings: Settings, tell: Tell) -> None:
    """Load people, projects and extracts; what is there already stays. Raises Refusal `demo-only` in production, or
    `demo-not-loaded` with the reason."""
    if not settings.is_demo:
        raise Refusal("demo-only", "A real identity provider is set, so no demo people are added.", "")
    store = open_store(settings)
    tell("people and projects")
    load_demo_register(store)
    load_demo_airlock(store)
    missing = {project.slug for project in PROJECTS if _has_none(store, project.slug)}
    adopted = [extract for extract in EXTRACTS if extract.project in missing]
    if adopted:
        source = _run(settings, "extract", "gibleed-path").strip().splitlines()[-1]
    for extract in adopted:
        tell(f"data of {extract.project}")
        _run(settings, "extract", "adopt", extract.project, source, "--opt-outs", SYNTHETIC, *extract.arguments)
    if missing & set(REGION_PROJECTS):
        load_region(partial(_run, settings), settings.folder.root, missing, tell)


def check_can_reset(settings: Settings) -> None:
    """Raise Refusal `demo-reset-refused` unless the state folder holds the demonstration and nothing else."""
    remedy = "Set SDE_STATE to another folder for the demonstration."
    if not settings.is_demo or settings.register_url:
        raise Refusal("demo-reset-refused", "This state folder is set up for production.", remedy)
    if not settings.folder.register.is_file():
        return
    others = count_other_projects(open_store(settings))
    if others:
        raise Refusal("demo-reset-refused", f"{others} of the projects here are not the demonstration's.", remedy)


def remove_state(settings: Settings) -> None:
    """Remove the gateway's own files from the state folder; read-only extracts too. Never follows a link. Nothing may
    run in it any more (`hub.sandbox_process.end_all_leftovers`)."""
    root = settings.folder.root
    for name in STATE_FILES:
        (root / name).unlink(missing_ok=True)
    for folder in (*(root / name for name in STATE_FOLDERS), settings.folder.run):
        if folder.is_dir() and not folder.is_symlink():
            # By the system's programs: a home may be deeper than Python's walks can go.
            subprocess.run([CHMOD, "-R", "u+rwX", "--", folder], capture_output=True, check=False)
            subprocess.run([REMOVE, "-rf", "--", folder], capture_output=True, check=True)


def _has_none(store: Store, project: str) -> bool:
    with store.reading() as session:
        return current_extract(session, project) is None


def _run(settings: Settings, *arguments: str) -> str:
    """One `sde` command of another room, in a process of its own. Raises Refusal `demo-not-loaded`."""
    environment = {**os.environ, "SDE_STATE": str(settings.folder.root)}
    done = subprocess.run([SDE, *arguments], capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Refusal("demo-not-loaded", f"`sde {arguments[0]} {arguments[1]}` failed: {reason}", "Run `sde doctor`.")
    return done.stdout
