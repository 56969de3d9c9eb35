"""Finds what a workspace is made of on this machine: the locked environment, its interpreter, the server's settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from governance.refusal import Refusal

REPOSITORY = Path(__file__).resolve().parent.parent
SET_UP = "Run `make setup`."
#: Host paths that the C library and the linker need; each is bound read-only or re-made as the host's symbolic link.
SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")
#: Parts of the host's /etc that name nobody: library search, alternatives, fonts, time zone.
SYSTEM_SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/alternatives", "/etc/fonts", "/etc/localtime")


@dataclass(frozen=True)
class SystemPath:
    """One path of the host's system inside the sandbox: a read-only bind, or the same symbolic link."""

    path: str
    link: str = ""


@dataclass(frozen=True)
class WorkspaceImage:
    """Host paths of the parts. `interpreter` is None where Python lives under /usr, which is bound anyway."""

    environment: Path
    interpreter: Path | None
    server: Path
    system: tuple[SystemPath, ...]

    @property
    def example(self) -> Path:
        """The notebooks that a new home starts with."""
        return self.server.parent / "client" / "example"


@cache
def find_image() -> WorkspaceImage:
    """The workspace's parts beside this repository. Raises Refusal `no-workspace-environment`."""
    environment, server = REPOSITORY / ".venv-workspace", REPOSITORY / "images" / "server"
    if not (environment / "bin" / "python").exists() or not (server / "serve.py").is_file():
        raise Refusal("no-workspace-environment", "The workspace environment is not installed.", SET_UP)
    return WorkspaceImage(environment, _interpreter_prefix(environment), server, _system_paths())


def _interpreter_prefix(environment: Path) -> Path | None:
    """The folder tree of the Python that the environment was made from, read from its pyvenv.cfg."""
    lines = (environment / "pyvenv.cfg").read_text().splitlines()
    values = dict(line.split(" = ", 1) for line in lines if " = " in line)
    if "home" not in values:
        raise Refusal("no-workspace-environment", "The workspace environment is damaged.", SET_UP)
    prefix = Path(values["home"]).parent
    if prefix.resolve().is_relative_to("/usr") or Path(values["home"]).resolve().is_relative_to("/usr"):
        return None
    if len(prefix.parts) < 3:  # binding "/" or "/home" would show the sandbox the whole machine
        raise Refusal("no-workspace-environment", f"Python must not live in {prefix}.", SET_UP)
    return prefix


def _system_paths() -> tuple[SystemPath, ...]:
    found = []
    for name in (*SYSTEM_FOLDERS, *SYSTEM_SETTINGS):
        path = Path(name)
        if path.is_symlink() and name in SYSTEM_FOLDERS:
            found.append(SystemPath(name, str(path.readlink())))
        elif path.exists():
            found.append(SystemPath(name))
    return tuple(found)
