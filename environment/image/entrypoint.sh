#!/bin/sh
# Beam calls an image with the flags of its boot program; everything else is for funnelrank.
set -eu
case "${1-}" in
    --id | --id=* | --worker_pool | --worker_pool=*) exec /opt/apache/beam/boot "$@" ;;
    *) exec funnelrank "$@" ;;
esac
