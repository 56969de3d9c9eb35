"""A copy of the public register as files, for a web server elsewhere. Promise: a folder is filled whole or not made,
and holds nothing but what the public pages show.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from governance.data_uses.told import Told
from governance.look import LOOK_FOLDER
from governance.refusal import Refusal
from hub.portal.public.formats import Format
from hub.portal.public.site import PAGES, Site, as_csv, as_json
from hub.portal.templating import open_templates

JSON_FILE, CSV_FILE = "data-uses.json", "data-uses.csv"
LOOK_FILES = ("style.css", "mark.svg")
PLACES = {"start": "index.html", "json": JSON_FILE, "csv": CSV_FILE}


def locate(name: str, slug: str = "") -> str:
    """The file of a page, beside the others."""
    return f"project-{slug}.html" if name == "project" else PLACES.get(name, f"{name}.html")


def make_files(told: Told, kind: Format, contact: str = "") -> Mapping[str, str]:
    """Name -> text. A copy as HTML has the other two beside it, because its pages lead there."""
    files = {JSON_FILE: as_json(told), CSV_FILE: as_csv(told)}
    if kind is not Format.HTML:
        name = PLACES[kind.value]
        return {name: files[name]}
    site = Site(open_templates(), locate, ".", contact)
    files |= {locate(page.name): site.page(page.name, told) for page in PAGES}
    files |= {locate("project", use.slug): site.project(use, told) for use in told.uses}
    return files | {name: (LOOK_FOLDER / name).read_text(encoding="utf-8") for name in LOOK_FILES}


def write_copy(files: Mapping[str, str], folder: Path) -> None:
    """Make the folder with these files. Raises Refusal `folder-exists`, and OSError."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise Refusal("folder-exists", "The folder is there already and not empty.", "Name a new folder with --to.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    filled = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, text in files.items():
            (filled / name).write_bytes(text.encode())
        filled.chmod(0o755)
        filled.replace(folder)
    finally:
        shutil.rmtree(filled, ignore_errors=True)
