#!/bin/sh
# Static programs for the machines that Earshot runs on, their checksums, and what is in them (CycloneDX), all in ./dist.
set -eu
cd "$(dirname "$0")/.."
version=$1
go=${GO:-go}
sbom=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

rm -rf dist
mkdir dist
for target in amd64: arm64: arm:7; do
	arch=${target%:*} arm=${target#*:}
	echo "dist: linux/$arch${arm:+v$arm}"
	CGO_ENABLED=0 GOOS=linux GOARCH=$arch GOARM=$arm "$go" build -trimpath -ldflags "-s -w -X main.version=$version" -o "dist/earshot-linux-$arch${arm:+v$arm}" ./cmd/earshot
done
echo "dist: what is in them"
CGO_ENABLED=0 "$go" run $sbom bin -json -version "$version" -output dist/earshot.cdx.json dist/earshot-linux-amd64
cd dist
sha256sum earshot* >SHA256SUMS
ls -l
