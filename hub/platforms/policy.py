"""The written policy of a workspace: one ordered tuple of rules, one policy for three platforms.

Promise: a rule is checked on each platform's own specification, or says there what keeps it instead. The reference page
docs/reference/workspace-policy.md is made from this tuple.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from governance.refusal import Refusal
from hub.names import INSIDE_REPOSITORY, INSIDE_SHARED
from hub.platforms.facts import GATE, Kind, Part, Platform, Room
from hub.sandbox import HOME, VARIABLES
from hub.workspace_image import IMAGES

CIS = "CIS Docker Benchmark, container runtime"
RESTRICTED = "Kubernetes Pod Security Standards, restricted"
BASELINE = "Kubernetes Pod Security Standards, baseline"
HARDENING = "NSA/CISA Kubernetes Hardening Guidance"

SANDBOX, DOCKER, KUBERNETES = Platform.SANDBOX, Platform.DOCKER, Platform.KUBERNETES
BOTH = (Part.WORKSPACE, Part.SIDECAR)
LEAST_USER = 1  # 0 is root

#: What may be reached, by part. In a pod both parts share one network, so what closes it there is the network policy.
REACH = {
    (SANDBOX, Part.WORKSPACE): frozenset[str](),
    (DOCKER, Part.WORKSPACE): frozenset[str](),
    (DOCKER, Part.SIDECAR): frozenset({GATE}),
    (KUBERNETES, Part.WORKSPACE): frozenset({GATE}),
    (KUBERNETES, Part.SIDECAR): frozenset({GATE}),
}
#: Where code of a researcher may write something that lasts.
LASTING = (HOME, f"{HOME}/shared", INSIDE_SHARED, f"{INSIDE_REPOSITORY}/objects", f"{INSIDE_REPOSITORY}/refs")
#: Names of variables beside `hub.sandbox.VARIABLES`: the server's, git's, ours, and those of an image.
VARIABLE_PREFIXES = ("JUPYTERHUB_", "GIT_CONFIG_", "WORKSPACE_")
VARIABLES_OF_IMAGES = frozenset(name for image in IMAGES.values() for name in image.variables)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: stable.
        says: the rule as a sentence.
        source: where it comes from; "promise N" is the row of docs/explanation/isolation.md.
        holds: whether a room keeps it.
        elsewhere: platform -> what keeps the rule there, or that nothing does, where the specification cannot say.
        parts: whom it binds.
    """

    name: str
    says: str
    source: str
    holds: Callable[[Room], bool]
    elsewhere: Mapping[Platform, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = BOTH

    def binds(self, room: Room) -> bool:
        """Whether this room's own specification must keep the rule."""
        return room.part in self.parts and room.platform not in self.elsewhere


RULES: tuple[Rule, ...] = (
    Rule(
        "no-network",
        "It reaches no network. Where a sidecar shares its network (a pod), the gate's one port and nothing else.",
        f"promise 1; {HARDENING}, network separation",
        lambda room: room.reaches <= REACH[room.platform, room.part],
    ),
    Rule(
        "no-names",
        "No name server answers it.",
        f"promise 1; {HARDENING}, network separation",
        lambda room: not room.resolves_names,
        {SANDBOX: "there is no network", DOCKER: "there is no network; the sidecar's has no way out"},
    ),
    Rule(
        "nothing-listens",
        "Nothing outside can connect to it: the way in is carried by connections that the sidecar opens.",
        f"promise 1; {CIS}, only needed ports are open",
        lambda room: not room.listens,
        {SANDBOX: "there is no network"},
    ),
    Rule(
        "own-namespaces",
        "It shares no namespace with its host, and processes with nobody.",
        f"promise 3; {BASELINE}, host namespaces; {CIS}, host namespaces are not shared",
        lambda room: not room.shares,
    ),
    Rule(
        "no-nesting",
        "It makes no namespaces of its own.",
        "promise 4",
        lambda room: not room.nests,
        {DOCKER: "the system call filter", KUBERNETES: "the system call filter"},
    ),
    Rule(
        "no-capabilities",
        "It holds no capability and is not privileged.",
        f"promise 4; {RESTRICTED}, capabilities; {CIS}, capabilities are restricted",
        lambda room: not room.capabilities,
    ),
    Rule(
        "no-new-privileges",
        "No program inside gains rights by being started.",
        f"promise 4; {RESTRICTED}, privilege escalation; {CIS}, no new privileges",
        lambda room: not room.gains_privileges,
        {SANDBOX: "bubblewrap always says so to the kernel"},
    ),
    Rule(
        "call-filter",
        "A system call filter lies over every process.",
        f"promise 4; {RESTRICTED}, seccomp; {CIS}, the filter is not disabled",
        lambda room: room.call_filter,
    ),
    Rule(
        "not-root",
        "It runs as a numbered user that is not root.",
        f"promise 4; {RESTRICTED}, running as non-root; {HARDENING}, non-root containers",
        lambda room: room.user >= LEAST_USER,
    ),
    Rule(
        "read-only-root",
        "Its own system cannot be written to.",
        f"promise 2; {HARDENING}, immutable file systems; {CIS}, the root file system is read-only",
        lambda room: not room.root_writable,
    ),
    Rule(
        "few-writable-places",
        "It writes to its home, the project's shared folder and to memory; the sidecar to memory only.",
        "promise 2",
        lambda room: all(
            _may_be_written(room.part, place.target, place.kind) for place in room.places if place.writable
        ),
    ),
    Rule(
        "nothing-of-the-host",
        "No folder, device or socket of the host is inside, the engine's own above all.",
        f"promise 2; {BASELINE}, host paths; {CIS}, no sensitive host folders, no engine socket",
        lambda room: all(place.kind is not Kind.HOST for place in room.places),
    ),
    Rule(
        "channel-read-only",
        "The folder of the three sockets is inside, and cannot be changed from inside.",
        "promise 6",
        lambda room: [place.writable for place in room.places if place.kind is Kind.CHANNEL] in ([False], [False] * 2),
        parts=(Part.WORKSPACE,),
    ),
    Rule(
        "imports-read-only",
        "What was brought in for its project is inside, and cannot be changed from inside.",
        "promise 2; docs/explanation/airlock.md",
        lambda room: all(not place.writable for place in room.places if place.kind is Kind.IMPORTS),
        parts=(Part.WORKSPACE,),
    ),
    Rule(
        "secret-with-sidecar",
        "The channel's secret is with the sidecar and nowhere else.",
        "promise 5",
        lambda room: any(place.kind is Kind.SECRET for place in room.places) == (room.part is Part.SIDECAR),
        {SANDBOX: "the relay is outside; there is no secret"},
    ),
    Rule(
        "memory-folders-sized",
        "Every folder in memory has a size.",
        "promise 7",
        lambda room: all(place.size > 0 for place in room.places if _is_memory(room.platform, place.kind)),
    ),
    Rule(
        "memory-bounded",
        "Its memory is bounded.",
        f"promise 7; {CIS}, memory is limited",
        lambda room: room.memory > 0,
    ),
    Rule(
        "no-swap",
        "It cannot go over that by way of swap.",
        "promise 7",
        lambda room: not room.swap,
        {SANDBOX: "its cgroup (`hub.limits`)", KUBERNETES: "the node: swap is off unless an operator turns it on"},
    ),
    Rule(
        "processes-bounded",
        "The number of its processes is bounded.",
        f"promise 7; {CIS}, the PIDs limit is set",
        lambda room: room.processes > 0,
        {KUBERNETES: "the node: the kubelet's podPidsLimit, which the operator must set"},
    ),
    Rule(
        "processors-bounded",
        "The share of the processors is bounded.",
        f"promise 7; {CIS}, CPU priority is set",
        lambda room: room.cpus > 0,
        {SANDBOX: "its cgroup (`hub.limits`)"},
    ),
    Rule(
        "disk-bounded",
        "What it writes to disk is bounded.",
        "promise 7",
        lambda room: room.disk > 0,
        {
            SANDBOX: "homes and shared folders are watched (`hub.disk`)",
            DOCKER: "nothing: the engine's local volumes have no size of their own",
        },
    ),
    Rule(
        "no-core-dumps",
        "A crash writes no memory to disk.",
        "promise 7",
        lambda room: not room.core_dumps,
        {KUBERNETES: "the image's entry point sets the limit"},
    ),
    Rule(
        "own-environment",
        "Its environment is made from nothing.",
        "promise 5",
        lambda room: all(_may_be_named(room.part, name) for name in room.variables),
    ),
    Rule(
        "no-platform-identity",
        "It has no identity, token or address book of the platform.",
        f"promise 5; {HARDENING}, protecting service account tokens",
        lambda room: not room.identity,
        {SANDBOX: "there is no platform", DOCKER: "the engine gives none; its socket is a folder of the host"},
    ),
    Rule(
        "no-terminal",
        "It is attached to no terminal and no input of the outside.",
        "promise 3",
        lambda room: not room.terminal,
    ),
    Rule(
        "stays-ended",
        "What has ended is not started again by the platform: only the spawner starts, and asks the register first.",
        f"promise 8; {CIS}, restarts are limited",
        lambda room: not room.returns,
        {SANDBOX: "nothing but the spawner starts one"},
    ),
    Rule(
        "pinned-image",
        "Its image is named by digest.",
        f"{HARDENING}, image scanning and admission",
        lambda room: room.pinned,
        {SANDBOX: "the environment is installed from hash-checked locks"},
    ),
)


def broken_rules(*rooms: Room) -> tuple[str, ...]:
    """The names of the rules that the rooms break, `part: rule`, in the policy's order. Empty if they keep it."""
    return tuple(
        f"{room.part}: {rule.name}" for rule in RULES for room in rooms if rule.binds(room) and not rule.holds(room)
    )


def check_keeps_policy(*rooms: Room) -> None:
    """Raise Refusal `policy-broken` unless the rooms keep every rule. Spawners ask before anything is started."""
    if broken := broken_rules(*rooms):
        raise Refusal(
            "policy-broken",
            f"The workspace as configured breaks the policy: {', '.join(broken)}.",
            "Remove the setting that loosens it (docs/reference/workspace-policy.md).",
        )


def _is_memory(platform: Platform, kind: Kind) -> bool:
    """The channel's folder is in memory too, except beside the gateway, where only the gateway writes to it."""
    return kind is Kind.MEMORY or (kind is Kind.CHANNEL and platform is not SANDBOX)


def _may_be_written(part: Part, target: str, kind: Kind) -> bool:
    if kind is Kind.MEMORY:
        return True
    if part is Part.SIDECAR:
        return kind is Kind.CHANNEL  # also in memory; it makes the sockets there
    return kind is Kind.VOLUME and target in LASTING


def _may_be_named(part: Part, name: str) -> bool:
    if part is Part.SIDECAR:
        return name == "PATH"
    return name in VARIABLES or name.startswith(VARIABLE_PREFIXES) or name in VARIABLES_OF_IMAGES
