package history_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"earshot/history"
)

// crashDir tells a child which folder to work in until it is killed, crashStep after how many steps it kills itself.
const (
	crashDir  = "EARSHOT_TEST_CRASH_DIR"
	crashStep = "EARSHOT_TEST_CRASH_STEP"
	crashRun  = "EARSHOT_TEST_CRASH_RUN"
)

// crashChild adds and deletes without end. It says before and after each time what it does.
func crashChild(dir string) int {
	ctx := context.Background()
	h, err := openHouse(ctx, dir)
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	if step := 0; os.Getenv(crashStep) != "" {
		if _, err := fmt.Sscan(os.Getenv(crashStep), &step); err != nil {
			fmt.Println("error", err)
			return 1
		}
		k := &killer{left: step}
		h.store, h.blobs = killStore{h.store, k}, killBlobs{h.blobs, k}
	}
	if err := h.begin(ctx); err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("ready")
	for n := 0; ; n++ {
		if err := crashWork(ctx, h, fmt.Sprintf("marker-%s-%d-", os.Getenv(crashRun), n)); err != nil {
			fmt.Println("error", err)
			return 1
		}
	}
}

// crashWork adds one entry and deletes one, or all that are older than the last few.
func crashWork(ctx context.Context, h *house, marker string) error {
	fmt.Println("add", marker)
	e, err := h.Add(ctx, said(marker+strings.Repeat("x", rand.IntN(3000)), time.Now(), 1+rand.IntN(5)))
	if err != nil {
		return err
	}
	fmt.Println("added", marker, e.ID)
	page, err := h.List(ctx, history.Query{})
	if err != nil || len(page.Entries) < 8 {
		return err
	}
	doomed := page.Entries[rand.IntN(4):]
	sel := span(time.Time{}, doomed[0].At.Add(time.Millisecond))
	if rand.IntN(3) > 0 {
		doomed = doomed[:1]
		sel = entries(doomed[0].ID)
	}
	for _, d := range doomed {
		fmt.Println("delete", d.ID)
	}
	if r, err := h.Delete(ctx, "test", sel); err != nil || len(r.Failed) > 0 {
		return fmt.Errorf("delete: %+v, %w", r, err)
	}
	for _, d := range doomed {
		fmt.Println("deleted", d.ID)
	}
	return nil
}

// killer ends the process by SIGKILL before or after one of the steps that change something.
type killer struct{ left int }

func (k *killer) step(do func() error) error {
	for _, part := range []func() error{func() error { return nil }, do} {
		if k.left--; k.left == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

type (
	killStore struct {
		history.Store
		k *killer
	}
	killBlobs struct {
		history.Blobs
		k *killer
	}
)

func (s killStore) Insert(ctx context.Context, e history.Entry, key string) error {
	return s.k.step(func() error { return s.Store.Insert(ctx, e, key) })
}

func (s killStore) Trash(ctx context.Context, sel history.Selection, limit int) (got []history.TrashedEntry, err error) {
	err = s.k.step(func() error { got, err = s.Store.Trash(ctx, sel, limit); return err })
	return got, err
}

func (s killStore) Flush(ctx context.Context) error {
	return s.k.step(func() error { return s.Store.Flush(ctx) })
}

func (s killStore) AddAccess(ctx context.Context, a history.Access) error {
	return s.k.step(func() error { return s.Store.AddAccess(ctx, a) })
}

func (s killStore) Drop(ctx context.Context, ids []string) error {
	return s.k.step(func() error { return s.Store.Drop(ctx, ids) })
}

func (b killBlobs) Put(ctx context.Context, id string, data []byte) error {
	return b.k.step(func() error { return b.Blobs.Put(ctx, id, data) })
}

func (b killBlobs) Delete(ctx context.Context, ids []string) error {
	return b.k.step(func() error { return b.Blobs.Delete(ctx, ids) })
}

// TestKilled kills a process that adds and deletes, at random moments and at every step, and looks at what the next start finds.
func TestKilled(t *testing.T) {
	points := []int{}
	for range 30 {
		points = append(points, 0) // at a random moment
	}
	for step := 1; step <= 30; step++ {
		points = append(points, step+40) // by then there are entries to delete
	}
	rand.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	for half := range 2 {
		t.Run(fmt.Sprint(half), func(t *testing.T) {
			t.Parallel()
			b := &book{dir: t.TempDir(), ids: map[string]string{}, state: map[string]string{}}
			for n, step := range points[half*len(points)/2 : (half+1)*len(points)/2] {
				b.run(t, n, step)
				b.check(t)
				if t.Failed() {
					t.Fatalf("after run %d, which was killed at step %d", n, step)
				}
			}
			if len(b.state) < 100 {
				t.Errorf("only %d entries were made", len(b.state))
			}
		})
	}
}

// book keeps what children have said: the marker of each id, and what was done to each marker last.
type book struct {
	dir   string
	ids   map[string]string
	state map[string]string
}

// run has a child work until it is killed.
func (b *book) run(t *testing.T, n, step int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+b.dir, fmt.Sprintf("%s=%d", crashRun, n))
	if step > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", crashStep, step))
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer limit.Stop()
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what has no end of line was not said
		}
		if strings.HasPrefix(line, "ready") && step == 0 {
			time.AfterFunc(time.Duration(rand.IntN(150_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		}
		b.note(t, strings.Fields(line))
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended by itself: %v", err)
	}
}

func (b *book) note(t *testing.T, words []string) {
	t.Helper()
	switch words[0] {
	case "add":
		b.state[words[1]] = "add"
	case "added":
		b.ids[words[2]] = words[1]
		b.state[words[1]] = "added"
	case "delete", "deleted":
		if marker, known := b.ids[words[1]]; known {
			b.state[marker] = words[0]
		}
	case "error":
		t.Errorf("child: %v", words)
	}
}

// check opens the folder as the next start does, and compares rows, clips, and every byte with what was said.
func (b *book) check(t *testing.T) {
	t.Helper()
	h, err := openHouse(t.Context(), b.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if err := h.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	clips := h.clips(t)
	for _, e := range h.list(t) {
		marker, _, _ := strings.Cut(e.Transcript, "x")
		there[marker] = true
		b.ids[e.ID] = marker // it may have been added without that being said
		if _, err := h.play(t.Context(), e.ID); err != nil || !clips[e.ID] {
			t.Errorf("%s cannot be played: %v", e.ID, err)
		}
		delete(clips, e.ID)
	}
	if len(clips) != 0 || len(h.garbage(t)) != 0 || h.Repair().Missing != 0 || h.Repair().OrphansLeft != 0 {
		t.Errorf("clips without a row %v, garbage %v, %+v", clips, h.garbage(t), h.Repair())
	}
	if drafts, err := filepath.Glob(filepath.Join(b.dir, "clips", "unfinished", "*")); err != nil || len(drafts) != 0 {
		t.Errorf("unfinished clips: %v, %v", drafts, err)
	}
	all := readAll(t, b.dir)
	for marker, state := range b.state {
		switch {
		case there[marker] && state == "deleted", !there[marker] && state == "added":
			t.Errorf("%s: %s, and there is %v", marker, state, there[marker])
		case !there[marker] && strings.Contains(all, marker):
			t.Errorf("%s: %s and not there, but its text is", marker, state)
		case there[marker] && state != "deleted":
			b.state[marker] = "added"
		case !there[marker]:
			b.state[marker] = "deleted"
		}
	}
}

// readAll is every byte of a folder.
func readAll(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
