package history_test

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"earshot/internal/testkit"
)

var (
	drill = flag.Bool("drill", false, "run the fault drills at their full length: see docs/reliability.md")
	seed  = flag.Uint64("seed", 0, "the one state to look at, of those that -traces has")
	kept  = flag.String("traces", "", "the folder with the traces of a run that failed, which it has named")
)

// The sizes of the drill, in CI and at full length.
const (
	powerStates, powerStatesDrill = 40, 4000
	powerRuns                     = 3  // of the program, the second and third after a kill
	powerEntries                  = 30 // added in each run, at least
)

// TestDrillPowerCut records what a process that adds, deletes, retains and exports asks of the disk, and makes its folder again as a power cut at
// many moments may have left it. What was said to be stored has to be there, and what was said to be deleted has to be gone, from every byte.
func TestDrillPowerCut(t *testing.T) {
	traces := *kept
	if traces == "" {
		traces = t.TempDir()
		recordChild(t, traces)
	}
	root, err := os.ReadFile(filepath.Join(traces, "root"))
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{t: t, root: string(root), disk: newDisk()}
	for run := range powerRuns {
		r.record(filepath.Join(traces, fmt.Sprint(run)))
	}
	d, said := r.disk, r.said
	var answers []int
	for _, s := range said {
		if words := strings.Fields(s.text); words[0] == "added" || strings.HasSuffix(words[0], "-done") {
			answers = append(answers, s.at)
		}
	}
	moments := d.root.moments(nil)
	states := powerStates
	if *drill {
		states = powerStatesDrill
	}
	first := rand.Uint64()
	if *seed != 0 {
		first, states = *seed, 1
	}
	t.Logf("%d changes, %d answers", len(moments), len(answers))
	for n := range uint64(states) {
		l := newLuck(first + n)
		line := moments[l.IntN(len(moments))]
		switch l.IntN(4) {
		case 0:
			line = moments[l.IntN(len(moments)/20)] // while everything is made
		case 1, 2:
			line = answers[l.IntN(len(answers))] // an answer is a promise: the moment after it is the one at which most can be broken
		}
		if !t.Run(fmt.Sprint(line), func(t *testing.T) { checkPowerCut(t, d, said, line, l) }) {
			t.Fatalf("power cut at line %d; to see it again: -seed %d -traces %s", line, first+n, keep(t, traces))
		}
	}
}

// keep saves traces from the end of the test. The time of day and the keys are in them: no other run is the same.
func keep(t *testing.T, traces string) string {
	t.Helper()
	if *kept != "" {
		return traces
	}
	saved, err := os.MkdirTemp("", "earshot-powercut-")
	if err == nil {
		err = os.CopyFS(saved, os.DirFS(traces))
	}
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// recordChild has children work on a folder, kills each, and leaves the traces of what they did and said.
func recordChild(t *testing.T, traces string) {
	t.Helper()
	child, dir := buildChild(t), filepath.Join(traces, "data")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(traces, "root"), []byte(dir), 0o600)); err != nil {
		t.Fatal(err)
	}
	for run := range powerRuns {
		cmd := exec.Command("strace", "-f", "--seccomp-bpf", "-e", "trace="+tracedCalls, "-e", "signal=none", "-xx", "-s", "100000000",
			"-o", filepath.Join(traces, fmt.Sprint(run)), child, dir, "0", fmt.Sprint(run))
		var problems bytes.Buffer
		cmd.Stderr = &problems
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatalf("start strace: %v; scripts/needs.sh installs it", err)
		}
		added := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "added ") {
				if added++; added == powerEntries {
					killChild(t, cmd.Process.Pid)
				}
			}
		}
		_ = cmd.Wait() // it was killed
		if added < powerEntries {
			t.Fatalf("the child has ended after %d entries: %s", added, &problems)
		}
	}
}

// killChild kills what strace has started.
func killChild(t *testing.T, strace int) {
	t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", strace, strace))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Fatalf("kill the child: %v", err)
	}
}

// moments are the lines after which something was different.
func (n *inode) moments(all []int) []int {
	for _, c := range n.changes {
		all = append(all, c.at)
	}
	for _, c := range n.names {
		all = append(all, c.at)
		if c.to != nil && c.after == nil {
			all = c.to.moments(all)
		}
	}
	slices.Sort(all)
	return all
}

// checkPowerCut opens the history as the next start does, and compares it with what was said until then.
func checkPowerCut(t *testing.T, d *disk, said []saying, line int, l *luck) {
	t.Helper()
	b := newBook("", testkit.MemoryDir(t)) // the power was cut before
	if err := d.after(line, l, b.dir); err != nil {
		t.Fatal(err)
	}
	b.open = func(t *testing.T) *house {
		h, err := openHouse(t.Context(), b.dir)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	// SQLite fills the room of its index with what its memory held before, which is that of the states before this one; it is no part of a
	// history, and cut to nothing at every start.
	b.texts = func(t *testing.T) string { return readAll(t, b.dir, "history.db-shm") }
	for _, s := range said {
		if s.at <= line {
			b.note(t, strings.Fields(s.text))
		}
	}
	b.check(t)
	h := newHouse(t, b.dir)
	if v, err := h.Verify(t.Context(), nil); err != nil || len(v.Problems) > 0 || v.Garbage > 0 {
		t.Errorf("verify: %+v, %v", v, err)
	}
}
