# The image holds one static program and the wake-word models: docker build -t earshot . (for amd64, arm64 and arm/v7)
ARG GO_IMAGE=golang:1.26.8-bookworm
ARG BASE_IMAGE=debian:12.11-slim

FROM --platform=$BUILDPLATFORM $GO_IMAGE AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY scripts/models.py scripts/models.py
RUN python3 scripts/models.py /out/models && chmod -R u=rwX,go=rX /out/models
COPY . .
ARG TARGETOS TARGETARCH TARGETVARIANT VERSION=unknown
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/earshot ./cmd/earshot

# arecord and aplay capture and play with ALSA; pacat plays with PulseAudio and PipeWire, which are captured from directly.
FROM $BASE_IMAGE
RUN apt-get update && apt-get install -y --no-install-recommends alsa-utils ca-certificates pulseaudio-utils && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 900 --user-group --groups audio --home-dir /data --no-create-home earshot \
    && install -d -o earshot -g earshot -m 0700 /data
COPY --from=build /out/earshot /usr/local/bin/earshot
COPY --from=build /out/models /usr/share/earshot/models
USER earshot
# The configuration, the history, and the models, where others may be added. Nothing else need be writable.
WORKDIR /data
VOLUME /data
# Fails when nothing answers, and as soon as a microphone that is not muted delivers nothing.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["earshot", "healthcheck", "--config", "/data/config.yaml"]
ENTRYPOINT ["earshot"]
CMD ["run", "--config", "/data/config.yaml"]
