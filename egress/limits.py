"""The airlock's numbers as data: approvals, budgets, deadlines, retries. No caller can pass another number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from egress.directions import IN, OUT, Direction
from governance.disclosure import PROFILES, DisclosureProfile
from governance.refusal import Refusal
from governance.store.projects import Project


@dataclass(frozen=True)
class Amounts:
    """How much passes, or may: files, their bytes, the cells of their tables."""

    files: int = 0
    bytes: int = 0
    cells: int = 0

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(self.files + other.files, self.bytes + other.bytes, self.cells + other.cells)

    def without(self, other: Amounts) -> Amounts:
        """What is left of each, at least nothing."""
        return Amounts(
            max(0, self.files - other.files), max(0, self.bytes - other.bytes), max(0, self.cells - other.cells)
        )

    def covers(self, other: Amounts) -> bool:
        """Whether `other` is within every one of the three."""
        return self.files >= other.files and self.bytes >= other.bytes and self.cells >= other.cells


@dataclass(frozen=True)
class AirlockLimits:
    """What the airlock asks and allows.

    Attributes:
        approvals: output checkers who must approve every file that is to pass (out, SATRE 3.4.04: at least two).
        controller: whether the controller's delegate decides on every request, not on exceptions only.
        daily: most that one person may have released from one project, or brought into it, in one UTC day.
        project_daily: most that all its people together may, so that sharing out a large release gains nothing.
        working_days: days, Saturdays and Sundays left out, until a submitted request should be answered.
        open_requests: most requests of one person in one project that are neither released, rejected nor withdrawn.
        receipts_shown: newest answered queries shown to checkers and named in the manifest.
        service_minutes: how long a step of a service (screening, releasing) may take before it counts as stuck.
        release_tries: how often the service tries a release by itself, each time waiting four times as long.
        retry_minutes: the first of these waits.
    """

    approvals: int = 2
    controller: bool = False
    daily: Amounts = Amounts(files=200, bytes=64 * 2**20, cells=100_000)
    project_daily: Amounts = Amounts(files=600, bytes=256 * 2**20, cells=300_000)
    working_days: int = 3
    open_requests: int = 20
    receipts_shown: int = 20
    service_minutes: int = 15
    release_tries: int = 6
    retry_minutes: int = 1


DEFAULT = AirlockLimits()
#: What comes in tells nothing of anybody in the data, so one look is enough; code lists have many cells.
INCOMING = replace(
    DEFAULT,
    approvals=1,
    daily=Amounts(files=200, bytes=256 * 2**20, cells=20_000_000),
    project_daily=Amounts(files=600, bytes=2**30, cells=60_000_000),
)
DEFAULTS: Mapping[Direction, AirlockLimits] = {OUT: DEFAULT, IN: INCOMING}
#: Approvals where a project's sources are sensitive.
SENSITIVE_APPROVALS: Mapping[Direction, int] = {OUT: 3, IN: 2}
#: Disclosure profile and direction -> limits, where they differ from the default.
LIMITS: Mapping[tuple[str, Direction], AirlockLimits] = {}


def limits_of(project: Project, direction: Direction) -> AirlockLimits:
    """The limits in force for a project. Sensitive sources: one approval more; of what goes out, the controller
    decides."""
    limits = LIMITS.get((project.profile, direction), DEFAULTS[direction])
    if not project.sensitive:
        return limits
    approvals = max(limits.approvals, SENSITIVE_APPROVALS[direction])
    return replace(limits, approvals=approvals, controller=limits.controller or direction is OUT)


def profile_of(project: Project) -> DisclosureProfile:
    """The project's disclosure profile. Raises Refusal `unknown-profile`: without a policy nothing leaves."""
    profile = PROFILES.get(project.profile)
    if profile is None:
        raise Refusal("unknown-profile", "The project has no disclosure profile in force.", "Ask an administrator.")
    return profile
