# The image holds one static binary and the wake-word models: docker build -t earshot .
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY scripts/models.py scripts/models.py
RUN python3 scripts/models.py models
COPY . .
ARG TARGETOS TARGETARCH TARGETVARIANT VERSION=unknown
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/earshot ./cmd/earshot

# arecord and aplay capture and play with ALSA; pacat plays with PulseAudio and PipeWire, which are captured from directly.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends alsa-utils ca-certificates pulseaudio-utils && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 900 --groups audio earshot \
    && install -d -o earshot -g earshot -m 0700 /data
COPY --from=build /out/earshot /usr/local/bin/earshot
COPY --from=build /src/models /usr/share/earshot/models
USER earshot
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s CMD ["earshot", "healthcheck", "--config", "/data/config.yaml"]
ENTRYPOINT ["earshot"]
CMD ["run", "--config", "/data/config.yaml"]
