"""The state folder: where every file of one gateway lives, and the short, lowercase home of its sockets."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

LONGEST_SOCKET_PATH = 107  # bytes, sun_path of unix(7) less its NUL
#: The longest socket below `run`: a workspace's slug has 12 + 1 + 30 characters.
LONGEST_SOCKET_NAME = len("/w/" + "x" * 43 + "/guard/airlock.sock")


@dataclass(frozen=True)
class StateFolder:
    """Paths under one state folder. Nothing here is created until `create()`; folders are 0700."""

    root: Path

    @property
    def register(self) -> Path:
        """The SQLite register (people, projects, grants, egress requests, audit)."""
        return self.root / "register.db"

    @property
    def keys(self) -> Path:
        """Keys, one file each, 0600; read only by the intake's pseudonymiser and the audit signer."""
        return self.root / "keys"

    @property
    def extracts(self) -> Path:
        """`extracts/<project>/<version>/{extract.duckdb,manifest.json}`."""
        return self.root / "extracts"

    @property
    def identifiable(self) -> Path:
        """The identifiable zone: deliveries as they came, the person spine, opt-outs. Read by the intake alone."""
        return self.root / "identifiable"

    @property
    def region(self) -> Path:
        """`region/<version>/<table>/*.parquet`: the harmonised records of everybody, before any project's cut."""
        return self.root / "region"

    @property
    def vocabulary(self) -> Path:
        """`vocabulary/<version>/*.parquet`: the site's own download of the standard vocabularies."""
        return self.root / "vocabulary"

    @property
    def foreign(self) -> Path:
        """`foreign/<feed>/<table>/*.parquet`: harmonised records of feeds whose people are not the region's."""
        return self.root / "foreign"

    @property
    def reports(self) -> Path:
        """Pages of counts for the data steward (`reports/<kind>/<name>.html`): no value, nobody's record."""
        return self.root / "reports"

    @property
    def homes(self) -> Path:
        """`homes/<workspace slug>`: a workspace's home folder, 0700."""
        return self.root / "homes"

    @property
    def shared(self) -> Path:
        """`shared/<project>/`: what the workspaces of one project share: files and a git repository."""
        return self.root / "shared"

    @property
    def imports(self) -> Path:
        """`imports/<project>/`: what was brought in for a project, which its workspaces read and cannot change."""
        return self.root / "imports"

    def imports_of(self, project: str) -> Path:
        """The project's imports, made if missing. Whoever has it mounted may read it; nobody else gets that far. The
        folder itself is never replaced, so that what lands in it later is seen by workspaces that run already."""
        self.imports.mkdir(mode=0o700, exist_ok=True)
        folder = self.imports / project
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        return folder

    @property
    def archives(self) -> Path:
        """`archives/<project>/`: homes and shared folder of a closed project, read-only, with a list of digests."""
        return self.root / "archives"

    @property
    def airlock(self) -> Path:
        """`airlock/files/<sha256>`: submitted files by content."""
        return self.root / "airlock"

    @property
    def releases(self) -> Path:
        """`releases/<project>/<request>/`: released files and their manifest."""
        return self.root / "releases"

    @property
    def mail(self) -> Path:
        """`mail/<notice>.eml`: notices as they would be mailed, where no mail server is set."""
        return self.root / "mail"

    @property
    def audit_head(self) -> Path:
        """The signed head of the audit chain, kept apart from the register."""
        return self.root / "audit" / "head.json"

    @property
    def logs(self) -> Path:
        """Structured logs of the services."""
        return self.root / "logs"

    @cached_property  # a process that changes its temporary directory later keeps its sockets
    def run(self) -> Path:
        """Sockets and pid files. Inside the state folder, or, where that path is too long for a unix socket or has
        capitals (the hub lowercases URLs), in a private folder below the temporary directory."""
        inside = self.root / "run"
        fits = len(os.fsencode(inside)) + LONGEST_SOCKET_NAME <= LONGEST_SOCKET_PATH
        if fits and str(inside) == str(inside).lower():
            return inside
        digest = hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:10]
        return Path(tempfile.gettempdir()).resolve() / f"sde-{os.getuid()}-{digest}"

    def create(self) -> None:
        """Make every folder, 0700. Raises PermissionError if the socket folder belongs to somebody else.

        A state folder that exists keeps its own mode (somebody may have named a shared place); what lies in it is
        closed all the same.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        audit = self.audit_head.parent
        data = (self.identifiable, self.region, self.vocabulary, self.reports)
        rooms = (
            self.keys,
            self.extracts,
            *data,
            self.homes,
            self.shared,
            self.imports,
            self.airlock,
            self.releases,
            self.mail,
            audit,
            self.logs,
        )
        for folder in rooms:
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
        self.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = self.run.lstat()
        if held.st_uid != os.getuid() or not stat.S_ISDIR(held.st_mode):
            raise PermissionError(f"{self.run} is not a folder of this user; remove it or set TMPDIR")
        self.run.chmod(0o700)
