package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// What the start needed of the program's file is not held for ever.
func TestReleaseProgram(t *testing.T) {
	before := programPages(t)
	releaseProgram()
	if after := programPages(t); after >= before {
		t.Errorf("%d KB of files are held, %d before", after, before)
	}
}

// programPages is how much of files this process holds in memory, in KB.
func programPages(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
