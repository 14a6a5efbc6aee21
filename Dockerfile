# Builds the service and packs it with the libraries it needs:
# docker build --build-arg REVISION="$(git rev-parse --short=12 HEAD)" -t edgenext .
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY dev ./
RUN ./dev setup build
COPY . .
# The git history stays outside: who builds says which revision this is.
ARG REVISION=unknown
RUN cmake --preset release "-DEDGENEXT_SOURCE_REVISION=${REVISION}" \
 && cmake --build --preset release \
 && DESTDIR=/out cmake --install build/release --prefix /usr

FROM ${BASE} AS runtime
# OpenCV is built with OpenGL, which asks for a graphics driver: a quarter of the image, and never loaded.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libgrpc++1.51 libprotobuf32 libdnnl2 libopencv-imgcodecs406 libopencv-imgproc406 \
      libprometheus-cpp-core1.0 libcivetweb1 \
 && dpkg --purge --force-depends libgl1-mesa-dri libllvm15 libz3-4 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/usr /usr
USER 10001:10001
# gRPC, and everything HTTP: metrics, probes.
EXPOSE 8001 8002
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=2s --start-period=60s \
  CMD ["/usr/bin/edgenext", "--timeout=1s", "health"]
ENTRYPOINT ["/usr/bin/edgenext-server", "--host=0.0.0.0"]
