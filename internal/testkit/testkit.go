// Package testkit has what tests of several packages need: waiting within a limit, counting goroutines, a log to read while it is written, certificates, folders in memory, and our files.
package testkit

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Patience is a limit for what happens at once, generous because tests share a busy machine.
const Patience = 10 * time.Second

// The time between two looks is twice what a look takes, so that who waits leaves most of a processor to what is waited for, within these.
const (
	shortPause = 5 * time.Millisecond
	longPause  = 200 * time.Millisecond
)

// Poll looks until ok is true, and tells whether that was within the limit.
func Poll(limit time.Duration, ok func() bool) bool {
	deadline := time.Now().Add(limit)
	for {
		began := time.Now()
		if ok() {
			return true
		}
		now := time.Now()
		if now.After(deadline) {
			return false
		}
		<-time.After(min(max(shortPause, 2*now.Sub(began)), longPause))
	}
}

// Within waits until ok is true and returns how long that took; what says in a failure what was waited for.
func Within(t testing.TB, limit time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	if !Poll(limit, ok) {
		t.Fatalf("not within %v: %s", limit, what)
	}
	return time.Since(start)
}

// Eventually waits until ok is true, with Patience.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	Within(t, Patience, what, ok)
}

// NoLeaks fails the test when it ends with more goroutines than there are now. Such a test must not run beside others.
func NoLeaks(t testing.TB) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		if !Poll(Patience, func() bool { return runtime.NumGoroutine() <= before }) {
			t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks())
		}
	})
}

// Goroutines returns the stacks of those that were started by one of the packages, such as "net/http" or the beginning of a path;
// where tests run beside each other this is what can be counted.
func Goroutines(startedBy ...string) []string {
	return slices.DeleteFunc(strings.Split(stacks(), "\n\n"), func(stack string) bool {
		return !slices.ContainsFunc(startedBy, func(pkg string) bool { return strings.Contains(stack, "created by "+pkg) })
	})
}

// stacks is what every goroutine is doing.
func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// Log keeps what is written. It may be read meanwhile; the zero value is empty.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write adds to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is the log so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
