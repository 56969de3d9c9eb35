"""The images a workspace can be started with, as data, and where their parts are on this machine.

Every image has the locked Python environment: the notebook server runs in it. The R image adds R of the machine's own
distribution and our R package. Promise: an image that is not listed here, or not installed whole, starts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

from governance.refusal import Refusal
from governance.settings import Settings
from hub.hidden import NO_PATHS, HiddenPaths, find_hidden

REPOSITORY = Path(__file__).resolve().parent.parent
SET_UP = "Run `make setup`."
#: Host paths that the C library and the linker need; each is bound read-only or re-made as the host's symbolic link.
SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")
#: Parts of the host's /etc that name nobody: library search, alternatives, fonts, time zone.
SYSTEM_SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/alternatives", "/etc/fonts", "/etc/localtime")
#: Which kernels the notebook server offers, the first by default; read by images/server/jupyter_server_config.py.
KERNELS = "WORKSPACE_KERNELS"
#: Where the R image's own folder (`.r-workspace`, made by images/setup.sh) is seen inside.
R_INSIDE = "/opt/r"


@dataclass(frozen=True)
class ImageProfile:
    """One image that can be chosen.

    Attributes:
        name: what a start names it by.
        title, about: its name and one sentence, for people.
        kernels: the notebook languages it offers, the default first (names of Jupyter kernels).
        folder: its own folder beside the repository, seen read-only at `inside`; empty for the Python image.
        needs: host paths without which it is not installed, relative to the repository unless absolute.
        settings: host paths of the system's /etc that it needs besides `SYSTEM_SETTINGS`.
        example: folder of the notebooks that a new home starts with, relative to the repository.
        variables: what every process inside starts with besides.
    """

    name: str
    title: str
    about: str
    kernels: tuple[str, ...]
    example: str
    folder: str = ""
    inside: str = ""
    needs: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_installed(self) -> bool:
        """Whether everything that only this image needs is there."""
        return all((REPOSITORY / path).exists() for path in self.needs)


PYTHON_IMAGE = ImageProfile(
    name="python",
    title="Python",
    about="Notebooks in Python, with pandas, polars and matplotlib.",
    kernels=("python3",),
    example="images/client/example",
)
R_IMAGE = ImageProfile(
    name="r",
    title="R",
    about="Notebooks in R, with dplyr, dbplyr, tidyr and ggplot2; Python notebooks open too.",
    kernels=("ir", "python3"),
    example="images/r/example",
    folder=".r-workspace",
    inside=R_INSIDE,
    needs=(
        "/usr/bin/R",
        "/usr/lib/R/site-library/IRkernel/DESCRIPTION",
        "/usr/lib/R/site-library/dbplyr/DESCRIPTION",
        "/usr/lib/R/site-library/curl/DESCRIPTION",
        ".r-workspace/library/sde/DESCRIPTION",
        ".r-workspace/share/jupyter/kernels/ir/kernel.json",
    ),
    settings=("/etc/R",),
    variables=MappingProxyType(
        {
            "R_LIBS": f"{R_INSIDE}/library",
            "R_ENVIRON": f"{R_INSIDE}/Renviron.site",
            "R_PROFILE": f"{R_INSIDE}/Rprofile.site",
            "TZ": "Etc/UTC",  # the data's times have no zone; R warns of a machine whose zone it cannot name
            "JUPYTER_PATH": f"{R_INSIDE}/share/jupyter",
        }
    ),
)
#: Every image there is, by name, in the order in which they are offered. The first is the default.
IMAGES: Mapping[str, ImageProfile] = MappingProxyType({image.name: image for image in (PYTHON_IMAGE, R_IMAGE)})
DEFAULT_IMAGE = PYTHON_IMAGE.name


@dataclass(frozen=True)
class SystemPath:
    """One path of the host's system inside the sandbox: a read-only bind, or the same symbolic link."""

    path: str
    link: str = ""


@dataclass(frozen=True)
class WorkspaceImage:
    """Host paths of the parts of one image. `interpreter` is None where Python lives under /usr, which is bound
    anyway; `folder` is the image's own folder, None if it has none."""

    environment: Path
    interpreter: Path | None
    server: Path
    system: tuple[SystemPath, ...]
    profile: ImageProfile = PYTHON_IMAGE
    folder: Path | None = None
    hidden: HiddenPaths = NO_PATHS

    @property
    def example(self) -> Path:
        """The notebooks that a new home starts with."""
        return self.server.parent.parent / self.profile.example

    @property
    def variables(self) -> dict[str, str]:
        """What every process inside starts with because of the image."""
        return {**self.profile.variables, KERNELS: ",".join(self.profile.kernels)}


def is_offered(profile: ImageProfile, settings: Settings) -> bool:
    """Whether workspaces can be started with it: from this machine's parts, or from a container image that is set."""
    if settings.workspace_platform == "sandbox":
        return profile.is_installed
    return bool(getattr(settings, f"image_{profile.name}"))


def check_image(name: str, settings: Settings | None = None) -> ImageProfile:
    """The profile of an image that can be started: on the platform of the settings, else in a sandbox of this machine.

    Raises Refusal `unknown-image` for a name that is not in `IMAGES`, `image-not-installed` for one that is not whole.
    """
    profile = IMAGES.get(name)
    if profile is None:
        raise Refusal("unknown-image", "There is no such workspace image.", f"Choose one of: {', '.join(IMAGES)}.")
    if not (profile.is_installed if settings is None else is_offered(profile, settings)):
        raise Refusal(
            "image-not-installed",
            f"The image {profile.title} is not installed here.",
            f"Choose another one, or ask the service desk to install it ({SET_UP.rstrip('.')}).",
        )
    return profile


def chosen_image(options: Mapping[str, object]) -> str:
    """The image's name in the options of a start, which a browser may have written: anything but a listed name is
    refused, no image is the default. Raises the Refusals of `check_image`."""
    asked = options.get("image", DEFAULT_IMAGE)
    return check_image(asked if isinstance(asked, str) else "").name


@cache
def find_image(name: str = DEFAULT_IMAGE) -> WorkspaceImage:
    """The parts of an image beside this repository.

    Raises Refusal `no-workspace-environment` and those of `check_image`.
    """
    profile = check_image(name)
    environment, server = REPOSITORY / ".venv-workspace", REPOSITORY / "images" / "server"
    if not (environment / "bin" / "python").exists() or not (server / "serve.py").is_file():
        raise Refusal("no-workspace-environment", "The workspace environment is not installed.", SET_UP)
    return WorkspaceImage(
        environment,
        _interpreter_prefix(environment),
        server,
        _system_paths(profile.settings),
        profile,
        REPOSITORY / profile.folder if profile.folder else None,
        find_hidden(),
    )


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


def _system_paths(more: tuple[str, ...]) -> tuple[SystemPath, ...]:
    found = []
    for name in (*SYSTEM_FOLDERS, *SYSTEM_SETTINGS, *more):
        path = Path(name)
        if path.is_symlink() and name in SYSTEM_FOLDERS:
            found.append(SystemPath(name, str(path.readlink())))
        elif path.exists():
            found.append(SystemPath(name))
    return tuple(found)
