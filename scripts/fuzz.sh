#!/bin/sh
# Run every fuzz target for a while, one on each processor: scripts/fuzz.sh 30s
# A run that ends with nothing but "context deadline exceeded" has found nothing: Go takes the end of its own -fuzztime for a failure now and then
# (https://github.com/golang/go/issues/75804). It is done once more, and has to pass then.
set -eu
cd "$(dirname "$0")/.."
export FUZZTIME="${1:-30s}"
grep -r --include='*_test.go' --exclude-dir='.?*' -o '^func Fuzz[A-Za-z0-9_]*' . |
	sed 's|/[^/]*_test.go:func | |' | sort -u |
	xargs -P "$(nproc)" -L 1 sh -c '
		target() { CGO_ENABLED=0 go test -run "^$" -fuzz "^$2\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 20x -parallel 1 "$1" 2>&1; }
		if ! out=$(target "$0" "$1"); then
			deadline=$(echo "$out" | grep -c "^    context deadline exceeded$" || true)
			if [ "$deadline" != 1 ] || echo "$out" | grep -qi "failing input\|panic\|_test.go:"; then
				echo "fuzz $0 $1 failed:"
				echo "$out"
				exit 255 # xargs starts no more
			fi
			if ! out=$(target "$0" "$1"); then
				echo "fuzz $0 $1 failed, twice:"
				echo "$out"
				exit 255
			fi
		fi
		echo "fuzz $0 $1: $(echo "$out" | tail -n 1)"'
