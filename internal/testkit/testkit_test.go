package testkit_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"earshot/internal/testkit"
)

// trial is a test whose failure is only noted. The clean-up is run by end.
type trial struct {
	testing.TB
	failed  []string
	cleanup []func()
}

func (t *trial) Helper()          {}
func (t *trial) Cleanup(f func()) { t.cleanup = append(t.cleanup, f) }
func (t *trial) Errorf(f string, a ...any) {
	t.failed = append(t.failed, fmt.Sprintf(f, a...))
}
func (t *trial) Fatalf(f string, a ...any) { t.Errorf(f, a...) }

func (t *trial) end() {
	for _, f := range t.cleanup {
		f()
	}
}

func TestWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		try := &trial{}
		took := testkit.Within(try, time.Minute, "tea", func() bool { return time.Since(began) >= 3*time.Second })
		if took != 3*time.Second || try.failed != nil {
			t.Errorf("took %v, failed %q", took, try.failed)
		}
		testkit.Within(try, time.Second, "rain", func() bool { return false })
		if len(try.failed) != 1 || try.failed[0] != "not within 1s: rain" {
			t.Errorf("failed %q", try.failed)
		}
	})
}

func TestNoLeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stay, leave := &trial{}, make(chan struct{})
		testkit.NoLeaks(stay)
		go func() { <-leave }()
		stay.end()
		if len(stay.failed) != 1 || !strings.Contains(stay.failed[0], "TestNoLeaks") {
			t.Errorf("a goroutine that stays: %q", stay.failed)
		}
		if n := len(testkit.Goroutines("earshot/internal/testkit_test")); n != 1 {
			t.Errorf("%d goroutines of this package", n)
		}
		go func() {
			time.Sleep(testkit.Patience / 2)
			close(leave)
		}()
		late := &trial{}
		testkit.NoLeaks(late)
		go func() { <-leave }()
		late.end()
		if late.failed != nil {
			t.Errorf("goroutines that end in time: %q", late.failed)
		}
	})
}

// TestLog is about the race detector.
func TestLog(t *testing.T) {
	var log testkit.Log
	var wg sync.WaitGroup
	wg.Go(func() { fmt.Fprint(&log, "line\n") })
	_ = log.String()
	wg.Wait()
	if got := log.String(); got != "line\n" {
		t.Errorf("got %q", got)
	}
}
