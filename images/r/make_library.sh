#!/usr/bin/env bash
# Makes the R image's own folder: our R package (byte-compiled), R's settings, the kernel's description and the example.
# Usage: images/r/make_library.sh FOLDER. The folder is replaced whole, or left as it was if anything fails.
set -euo pipefail
folder=$(realpath -m "$1"); source=$(cd "$(dirname "$0")" && pwd)
making="$folder.making"
rm -rf "$making" && trap 'rm -rf "$making"' EXIT
mkdir -p "$making/library" "$making/share/jupyter/kernels/ir" "$making/example"
if ! R CMD INSTALL --no-test-load --library="$making/library" "$source/sde" >"$making/install.log" 2>&1; then
    cat "$making/install.log" >&2; exit 1
fi
cp "$source/Rprofile.site" "$source/Renviron.site" "$making/"
cp "$source"/example/*.ipynb "$making/example/"
kernel=/usr/lib/R/site-library/IRkernel/kernelspec
cp "$kernel"/kernel.json "$kernel"/logo-* "$making/share/jupyter/kernels/ir/"
chmod -R a+rX,go-w "$making"
rm -rf "$folder" && mv "$making" "$folder"
