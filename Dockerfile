# syntax=docker/dockerfile:1
# Builds the service and packs it with the libraries it needs. `docker build -t edgenext .`
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY dev ./
RUN ./dev setup build
COPY . .
RUN cmake --preset release && cmake --build --preset release && DESTDIR=/out cmake --install build/release --prefix /usr

FROM ${BASE} AS runtime
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libgrpc++1.51 libprotobuf32 libdnnl2 libopencv-imgcodecs406 libopencv-imgproc406 \
      libprometheus-cpp-core1.0 libcivetweb1 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/usr /usr
USER 10001:10001
# gRPC, and everything HTTP: metrics, probes.
EXPOSE 8001 8002
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=2s --start-period=60s \
  CMD ["/usr/bin/edgenext", "--timeout=1s", "health"]
ENTRYPOINT ["/usr/bin/edgenext-server", "--host=0.0.0.0"]
