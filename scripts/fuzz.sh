#!/bin/sh
# Run every fuzz target for a while, one on each processor: scripts/fuzz.sh 30s
set -eu
cd "$(dirname "$0")/.."
export FUZZTIME="${1:-30s}"
grep -r --include='*_test.go' --exclude-dir='.?*' -o '^func Fuzz[A-Za-z0-9_]*' . |
	sed 's|/[^/]*_test.go:func | |' | sort -u |
	xargs -P "$(nproc)" -L 1 sh -c '
		if out=$(CGO_ENABLED=0 go test -run "^$" -fuzz "^$1\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 20x -parallel 1 "$0" 2>&1); then
			echo "fuzz $0 $1: $(echo "$out" | tail -n 1)"
		else
			echo "fuzz $0 $1 failed:"
			echo "$out"
			exit 255 # xargs starts no more
		fi'
