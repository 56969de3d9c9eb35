"""`python -m benchmarks [NAME...]` runs every benchmark of this folder, or the named ones."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

FOLDER = Path(__file__).parent
PACKAGES = {name: f"benchmarks.{name}.__main__" for name in ("disclosure", "egress")}
NAMES = sorted([*(file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("_")), *PACKAGES])

if __name__ == "__main__":
    wanted = sys.argv[1:] or NAMES
    unknown = sorted(set(wanted) - set(NAMES))
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    for name in wanted:
        print(f"\n== {name}", flush=True)
        import_module(PACKAGES.get(name, f"benchmarks.{name}")).main()
