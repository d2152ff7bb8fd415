# Stands for python:3.11-slim-trixie where no registry of images can be reached; `check.sh` builds
# it. Debian 13 by mmdebstrap, and Python 3.11 built with the official image's options from the
# newest source that Debian has. Not the same: an older 3.11, and no profile-guided optimization.
FROM scratch AS debian
ADD debian.tar /
ENV LANG=C.UTF-8

FROM debian AS build
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends \
        gcc libbz2-dev libc6-dev libffi-dev liblzma-dev libncurses-dev libreadline-dev \
        libsqlite3-dev libssl-dev make uuid-dev zlib1g-dev
WORKDIR /source
# What Debian 12 calls the original: Debian's own patches would install elsewhere.
RUN sed -n 's/^deb \(.*\) trixie \(.*\)/deb-src \1 bookworm \2/p' /etc/apt/sources.list \
        >/etc/apt/sources.list.d/source.list \
    && apt-get update \
    && apt-get source --download-only python3.11 \
    && tar --extract --file python3.11_*.orig.tar.* --strip-components=1
RUN ./configure --enable-loadable-sqlite-extensions --enable-option-checking=fatal \
        --enable-shared --with-ensurepip LDFLAGS="-Wl,--strip-all" \
    && make --jobs="$(nproc)" \
    && make install \
    && find /usr/local -depth \( -type d \( -name test -o -name tests -o -name idle_test \) \
        -o -name '*.pyc' -o -name 'libpython*.a' \) -exec rm -rf '{}' +

FROM debian
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libbz2-1.0 libffi8 liblzma5 \
        libncursesw6 libreadline8t64 libsqlite3-0 libssl3t64 libuuid1 netbase tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local /usr/local
RUN ldconfig && ln -s python3 /usr/local/bin/python
LABEL funnelrank.stands-in="for the official image"
CMD ["python3"]
