# One image for the command line, for Kubeflow's steps and for Beam's workers; docs/container.md.
#
#   docker build --tag funnelrank .
#   docker build --target gpu --tag funnelrank:gpu .
#   docker run --rm --volume "$PWD/runs:/srv/funnelrank/runs" --user "$(id -u)" \
#       funnelrank run configs/demo.yaml
#
# Debian 13 because TFX's wheels need its glibc and libstdc++. Both images can be named by digest.
ARG BASE=python:3.11-slim-trixie
ARG BEAM=apache/beam_python3.11_sdk:2.77.0

# hadolint ignore=DL3006
FROM ${BEAM} AS beam

# hadolint ignore=DL3006
FROM ${BASE} AS packages
# Of all locked packages pyfarmhash alone has no wheel.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY environment/bootstrap.lock ./
RUN python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --no-deps --require-hashes -r bootstrap.lock \
    && python -m venv /opt/funnelrank
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PYTHON=/opt/funnelrank/bin/python
# Before the sources: a change of code does not install the packages again.
COPY environment/image/packages.lock ./
# What is left out: headers for compiling against TensorFlow, tests, and libclang, whose every
# caller is a generator in TensorFlow's own build.
RUN /opt/uv/bin/uv pip install --no-deps --require-hashes -r packages.lock \
    && find /opt/funnelrank/lib -depth -type d -path '*/site-packages/*' \
        \( -name tests -o -path '*/tensorflow/include' -o -path '*/clang/native' \) \
        -exec rm -rf '{}' +

# What tensorflow[and-cuda] adds: everything but the driver, which the node has.
FROM packages AS gpu-packages
COPY environment/image/gpu.lock ./
RUN /opt/uv/bin/uv pip install --no-deps --require-hashes --prefix /opt/gpu -r gpu.lock \
    && find /opt/gpu -depth \( -name include -o -name '*.a' \) -exec rm -rf '{}' +

FROM packages AS code
COPY . .
RUN /opt/funnelrank/bin/pip install --no-cache-dir --no-deps --no-build-isolation \
        --prefix /image/opt/funnelrank . \
    && install environment/image/entrypoint.sh /image/opt/funnelrank/bin/entrypoint \
    && install --directory /image/srv/funnelrank/schemas \
    && cp --recursive configs /image/srv/funnelrank \
    && cp schemas/*.pbtxt /image/srv/funnelrank/schemas

# hadolint ignore=DL3006
FROM ${BASE} AS runtime
ARG BASE
LABEL org.opencontainers.image.title="funnelrank" \
      org.opencontainers.image.description="Impression, click and conversion logs in, a blessed ranking model out" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${BASE}"
RUN groupadd --gid 10001 funnelrank \
    && useradd --uid 10001 --gid funnelrank --create-home funnelrank \
    && install --directory --owner=funnelrank --group=funnelrank /srv/funnelrank/runs
COPY --from=beam /opt/apache/beam /opt/apache/beam
COPY --from=packages /opt/funnelrank /opt/funnelrank
# Beam's boot would make an environment of its own, with none of these packages.
ENV PATH=/opt/funnelrank/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1 \
    TF_USE_LEGACY_KERAS=1
WORKDIR /srv/funnelrank
# By number, so that Kubernetes can tell that it is not root.
USER 10001:10001
HEALTHCHECK --interval=5m --timeout=30s --start-period=30s CMD ["funnelrank", "doctor"]
ENTRYPOINT ["/opt/funnelrank/bin/entrypoint"]
CMD ["--help"]

# The code comes last: a new version is a layer of a few megabytes.
FROM runtime AS gpu
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=gpu-packages /opt/gpu /opt/funnelrank
COPY --from=code /image /

FROM runtime AS cpu
COPY --from=code /image /
