"""Names and places of one workspace: its slug, its home, its run folder and sockets. Pure; touches no file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from governance.state import StateFolder

SLUG_HASH_LENGTH = 12  # hex digits of the subject's SHA-256: 48 bits, in names only, never an identity

#: What the name of a single run's sandbox begins with. A slug begins with hexadecimal digits.
RUN_PREFIX = "run-"

#: Where a workspace finds the hub's relay.
INSIDE_HUB_SOCKET = Path("/run/hub/hub.sock")

#: Where a workspace finds what its project shares: the folder, and the repository to push to and pull from.
INSIDE_SHARED, INSIDE_REPOSITORY = "/home/shared", "/home/project.git"

#: Where a workspace finds what was brought in for its project.
INSIDE_IMPORTS = "/home/imports"


def workspace_slug(subject: str, project: str) -> str:
    """`sha256(subject)[:12]-project`: short and lowercase, because unix socket paths must be both (the Hub lowercases
    URLs, and 107 bytes is the kernel's limit)."""
    return f"{hashlib.sha256(subject.encode()).hexdigest()[:SLUG_HASH_LENGTH]}-{project}".lower()


def socket_url(path: Path, url_path: str = "") -> str:
    """`http+unix://%2Fpath%2Fto.sock/url/path`, the form JupyterHub understands."""
    return f"http+unix://{quote(str(path), safe='')}{url_path}"


@dataclass(frozen=True)
class WorkspacePlaces:
    """Paths of one running sandbox on the host. `name` is the workspace slug, or a name of its own for a single run."""

    state: StateFolder
    slug: str
    name: str

    @property
    def home(self) -> Path:
        """The home folder, the same for every sandbox of the workspace."""
        return self.state.homes / self.slug

    @property
    def project(self) -> str:
        """The project's slug."""
        return self.slug.partition("-")[2]

    @property
    def shared(self) -> Path:
        """What the project's workspaces share, on the host; see `hub.shared`."""
        return self.state.shared / self.project

    @property
    def shared_files(self) -> Path:
        """Inside: /home/shared. Each of the project's workspaces can write here."""
        return self.shared / "files"

    @property
    def repository(self) -> Path:
        """Inside: /home/project.git, where members push to and pull from."""
        return self.shared / "project.git"

    @property
    def imports(self) -> Path:
        """Inside: /home/imports, read-only."""
        return self.state.imports / self.project

    @property
    def run(self) -> Path:
        """The folder of sockets, lock and record."""
        return self.state.run / "w" / self.name

    @property
    def server_folder(self) -> Path:
        """Not seen inside: holds the socket that the gateway opens and the notebook server inherits."""
        return self.run / "ws"

    @property
    def server_socket(self) -> Path:
        """Where the hub and the edge reach the notebook server. No code inside can put something else in its place."""
        return self.server_folder / "s.sock"

    @property
    def hub_folder(self) -> Path:
        """Read-only inside, as /run/hub."""
        return self.run / "hub"

    @property
    def hub_socket(self) -> Path:
        """The relay's listener for the Hub API."""
        return self.hub_folder / "hub.sock"

    @property
    def guard_folder(self) -> Path:
        """Read-only inside, as /run/guard."""
        return self.run / "guard"

    @property
    def guard_socket(self) -> Path:
        """The relay's listener for the query guard."""
        return self.guard_folder / "guard.sock"

    @property
    def airlock_socket(self) -> Path:
        """The relay's listener for the airlock."""
        return self.guard_folder / "airlock.sock"

    @property
    def lock(self) -> Path:
        """Held (flock) by the sandbox's own first process for as long as it lives."""
        return self.run / "sandbox.lock"

    @property
    def group(self) -> str:
        """The name of its cgroup: other gateways on the machine may have a workspace of the same slug."""
        gateway = hashlib.sha256(str(self.state.root).encode()).hexdigest()[:SLUG_HASH_LENGTH]
        return f"{gateway}-{self.name}"

    @property
    def log(self) -> Path:
        """What the sandbox prints."""
        return self.state.logs / f"workspace-{self.name}.log"


def places_of(state: StateFolder, subject: str, project: str, name: str = "") -> WorkspacePlaces:
    """The places of one person's workspace for one project; `name` for a sandbox beside the hub's own."""
    slug = workspace_slug(subject, project)
    return WorkspacePlaces(state, slug, name or slug)
