package audio_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
)

// asArecord makes the test program behave like arecord with the sound cards of a test.
const asArecord = "EARSHOT_TEST_ARECORD"

func TestMain(m *testing.M) {
	if os.Getenv(asArecord) != "" {
		os.Exit(fakeArecord(os.Args[1:]))
	}
	os.Exit(run(m))
}

// run puts the fake arecord before the real one, and wants every goroutine of the package gone at the end.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "arecord")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err == nil {
		script := fmt.Sprintf("#!/bin/sh\nGORACE=atexit_sleep_ms=0 %s=1 exec %q \"$@\"\n", asArecord, self)
		err = os.WriteFile(filepath.Join(dir, "arecord"), []byte(script), 0o700)
	}
	if err == nil {
		err = os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if !testkit.Poll(2*time.Second, func() bool { return len(ours()) == 0 }) {
		fmt.Fprintf(os.Stderr, "goroutines are left:\n%s\n", strings.Join(ours(), "\n\n"))
		return 1
	}
	return code
}

// ours are the goroutines that this package or its library started; others belong to the testing package.
func ours() []string { return testkit.Goroutines("earshot/internal/audio", "github.com/jfreymuth") }
