package sqlite_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/history"
	"earshot/history/sqlite"
	"earshot/internal/testkit"
)

const killedPath = "EARSHOT_TEST_HISTORY"

// TestKilled kills a process that adds and deletes without end, and wants nothing of what it said it had deleted to be in the files that
// the next one has opened and flushed, and everything it said it had added to be there.
func TestKilled(t *testing.T) {
	if path := os.Getenv(killedPath); path != "" {
		work(t, path)
		return
	}
	path := filepath.Join(testkit.MemoryDir(t), "history.db")
	added, gone := map[string]bool{}, []string{}
	for run := range 25 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$", "-test.timeout=1m")
		cmd.Env = append(os.Environ(), killedPath+"="+path, fmt.Sprint("RUN=", run))
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		last := 20 + rand.IntN(150)
		for lines := bufio.NewScanner(out); lines.Scan(); last-- {
			if last == 0 {
				time.AfterFunc(time.Duration(rand.IntN(20_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
			switch what, marker, _ := strings.Cut(lines.Text(), " "); what {
			case "added":
				added[marker] = true
			case "deleting": // not certain to stay from here on
				delete(added, marker)
			case "deleted":
				gone = append(gone, marker)
			}
		}
		_ = cmd.Wait() // it was killed
		s := open(t, path)
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		all := everything(t, path)
		for _, marker := range gone {
			if readable(all, marker) {
				t.Fatalf("run %d: %s can still be read", run, marker)
			}
		}
		for marker := range added {
			if !readable(all, marker) {
				t.Fatalf("run %d: %s is lost", run, marker)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(gone) == 0 || len(added) == 0 {
		t.Fatalf("%d deleted, %d added: this test saw nothing", len(gone), len(added))
	}
	checkIntegrity(t, path)
}

// work adds and deletes, and says so, until it is killed.
func work(t *testing.T, path string) {
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	type said struct{ id, marker string }
	var here []said
	for n := 0; ; n++ {
		marker := fmt.Sprintf("<%s.%d>", os.Getenv("RUN"), n)
		e := newEntry(time.Now().Add(-time.Duration(r.IntN(100_000))*time.Second), marker+strings.Repeat("y", r.IntN(200)))
		if err := s.Insert(t.Context(), e, keyOf(e.Transcript)); err != nil {
			t.Fatal(err)
		}
		fmt.Println("added", marker)
		here = append(here, said{e.ID, marker})
		if r.IntN(15) > 0 {
			continue
		}
		r.Shuffle(len(here), func(i, j int) { here[i], here[j] = here[j], here[i] })
		some := here[:r.IntN(len(here)+1)]
		here = here[len(some):]
		ids := []string{}
		for _, e := range some {
			fmt.Println("deleting", e.marker)
			ids = append(ids, e.id)
		}
		if _, err := s.Trash(t.Context(), history.Selection{IDs: ids}, 1000); err != nil {
			t.Fatal(err)
		}
		// From here on a crash leaves them in the journal, as the parts of a deletion are not synced: a killed process loses nothing of that.
		for _, e := range some {
			fmt.Println("deleted", e.marker)
		}
		if r.IntN(2) == 0 {
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}
