"""What the register says of one workspace, and the channel it holds for it: the spawner's only way to the register."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from governance.access import check_can_spawn
from governance.channels import close_channel, open_channel
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store, open_store
from governance.store.projects import Project

TERMINALS = "JUPYTERHUB_SDE_TERMINALS"  # read by images/server/jupyter_server_config.py; the edge asks the register


@lru_cache(maxsize=4)
def store_of(settings: Settings) -> Store:
    """One store for all spawners of a hub."""
    return open_store(settings)


@dataclass(frozen=True)
class Standing:
    """One person's workspace for one project, in the register. Every method blocks; nothing is remembered."""

    store: Store
    subject: str
    project: str

    def check_approved(self) -> None:
        """Raise the register's Refusal unless the workspace may be started and used now."""
        if not self.project:
            raise Refusal("no-default-server", "A workspace belongs to a project.", "Open it from the portal.")
        with self.store.reading() as session:
            check_can_spawn(session, self.subject, self.project)

    @property
    def is_approved(self) -> bool:
        """The same as a bool. A register that cannot be read approves of nothing and raises nothing: to end a workspace
        must not depend on it."""
        try:
            self.check_approved()
        except Exception:
            return False
        return True

    @property
    def has_terminals(self) -> bool:
        """Whether the project's workspaces have terminals."""
        with self.store.reading() as session:
            project = session.get(Project, self.project)
            return project is not None and project.terminals

    def open_channel(self, token: str, gate_secret: str = "") -> str:
        """See `governance.channels.open_channel`."""
        return open_channel(
            self.store, subject=self.subject, project=self.project, token=token, gate_secret=gate_secret
        )

    def close_channel(self, channel: str) -> None:
        """See `governance.channels.close_channel`."""
        close_channel(self.store, channel)
