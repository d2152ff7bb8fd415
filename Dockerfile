# Debian 13 because TFX's wheels need its glibc and libstdc++; the packages are those of the lock.
#
#   docker build -t funnelrank .
#   docker run --rm -v "$PWD/runs:/srv/funnelrank/runs" --user "$(id -u)" \
#       funnelrank run configs/demo.yaml
ARG BASE=python:3.11-slim-trixie

FROM ${BASE} AS build
# Of all locked packages pyfarmhash alone has no wheel.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/funnelrank
ENV PATH=/opt/funnelrank/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /build
# Before the sources: a change of code does not install the packages again.
COPY requirements.lock ./
RUN pip install --require-hashes --no-deps -r requirements.lock
COPY . .
RUN pip install --no-deps --no-build-isolation .

FROM ${BASE}
RUN useradd --uid 10001 --create-home funnelrank
COPY --from=build /opt/funnelrank /opt/funnelrank
ENV PATH=/opt/funnelrank/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TF_USE_LEGACY_KERAS=1
WORKDIR /srv/funnelrank
COPY configs configs
COPY schemas/*.pbtxt schemas/
RUN install --directory --owner=funnelrank runs
USER funnelrank
HEALTHCHECK --interval=5m --timeout=30s --start-period=30s CMD ["funnelrank", "doctor"]
ENTRYPOINT ["funnelrank"]
CMD ["--help"]
