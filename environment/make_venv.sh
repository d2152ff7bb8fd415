#!/usr/bin/env bash
# Makes .venv: Python 3.11, the locked dependencies (hashes checked), this checkout.
# A second run with an unchanged lock does nothing.
#
# Usage: environment/make_venv.sh
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
stamp=$venv/.made-from
stop() { echo "make_venv: $*" >&2; exit 1; }

sum=$(cat requirements.lock environment/*.lock environment/*.sh setup.py | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum $PWD" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    exit 0
fi

python=""
for candidate in ${PYTHON:-} python3.11 python3 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || stop "Python 3.11 is needed and none was found as python3.11, python3 or python." \
    "Install it, or name it: make PYTHON=/path/to/python3.11"

command -v c++ >/dev/null || command -v g++ >/dev/null || stop "a C++ compiler is needed, since one" \
    "dependency of TFX (pyfarmhash) comes as source only. Install g++, or use the container image."

echo "Setting up $venv (once; about 2 GB of packages)"
rm -rf "$venv"
"$python" -m venv "$venv" || stop "'$python -m venv' failed: on Debian and Ubuntu install python3.11-venv"
pip() { "$venv/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
pip install --require-hashes --no-deps -r environment/bootstrap.lock
if "$python" -c '
import platform, sys
name, version = platform.libc_ver()
sys.exit(not (name == "glibc" and tuple(map(int, version.split("."))) < (2, 38)))'; then
    bash environment/newer_glibc.sh "$venv" "$python"
fi
uv=("$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps)
"${uv[@]}" --require-hashes -r requirements.lock
"${uv[@]}" --no-build-isolation --editable .
echo "$sum $PWD" >"$stamp"
