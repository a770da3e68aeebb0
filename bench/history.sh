#!/bin/sh
# Measures the history at 1,000,000 entries: pages, counting, searching, deleting 100,000 while others add, and unlinking clips.
set -eu
cd "$(dirname "$0")/.."
go test ./history/sqlite -run '^$' -bench Million -benchtime 1x -timeout 30m
go test ./history/files -run '^$' -bench Delete -benchtime 1x
