package history_test

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"earshot/history"
	"earshot/history/postgres"
	"earshot/history/postgres/postgrestest"
	"earshot/history/s3"
	"earshot/history/s3/s3test"
	"earshot/internal/testkit"
)

// The points at which children are killed, for the embedded history and for a shared one.
const (
	crashPoints       = 1000
	crashSharedPoints = 60
	crashSteps        = 60 // the steps of some rounds; by the fortieth there are entries to delete
)

// TestKilled kills a process that adds, deletes, retains and exports, at random moments and at every step, and looks at what the next start
// finds.
func TestKilled(t *testing.T) {
	child := buildChild(t)
	const books = 2
	for n := range books {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			b := newBook(child, testkit.MemoryDir(t))
			b.open = func(t *testing.T) *house {
				h, err := openHouse(t.Context(), b.dir)
				if err != nil {
					t.Fatal(err)
				}
				return h
			}
			b.killAt(t, crashPoints/books)
		})
	}
}

// TestKilledShared does the same to a history in PostgreSQL and S3, where a deletion leaves remnants until PostgreSQL was made to forget them.
func TestKilledShared(t *testing.T) {
	postgresServer, s3Server := postgrestest.Start(t), s3test.Start(t)
	s3Server.Bucket("clips")
	url, dir := postgresServer.Database(), testkit.MemoryDir(t)
	b := newBook(buildChild(t), dir)
	b.args = []string{url, s3Server.Endpoint(), s3Server.AccessKey(), s3Server.SecretKey(), "clips"}
	b.texts = func(t *testing.T) string { return readAll(t, s3Server.Dir()) } // nothing of a text may be in there at any time
	b.ended = postgresServer.Deserted
	var store *postgres.Store
	b.open = func(t *testing.T) *house {
		h := &house{dir: dir}
		var err error
		if store, err = postgres.Open(t.Context(), postgres.Config{URL: url}); err != nil {
			t.Fatal(err)
		}
		h.store = alone{store}
		if h.blobs, err = s3.Open(t.Context(), s3.Config{Endpoint: b.args[1], AccessKey: b.args[2], SecretKey: b.args[3], Bucket: b.args[4]}); err != nil {
			t.Fatal(err)
		}
		return h
	}
	b.killAt(t, crashSharedPoints)
}

// alone is a store of which nobody else knows: a clip without an entry is nobody's at once.
type alone struct{ history.Store }

// buildChild builds the program that is killed: without the race detector it starts five times as fast.
func buildChild(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "crashchild")
	cmd := exec.Command("go", "build", "-o", path, "./crashchild")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the child: %v\n%s", err, out)
	}
	return path
}

// book keeps what children have said: the marker of each id, and what was done to each marker last.
type book struct {
	child string
	dir   string
	args  []string // of the child, after those every one gets
	open  func(t *testing.T) *house
	texts func(t *testing.T) string // every byte that may hold a text
	ended func()                    // waits for what a child has set going elsewhere; may be nil

	ids   map[string]string
	state map[string]string
}

func newBook(child, dir string) *book {
	b := &book{child: child, dir: dir, ids: map[string]string{}, state: map[string]string{}}
	b.texts = func(t *testing.T) string { return readAll(t, dir) }
	return b
}

// killAt kills at a number of points, half of them at a random moment.
func (b *book) killAt(t *testing.T, points int) {
	t.Helper()
	for n := range points {
		step := 0
		if n%2 == 0 {
			step = 40 + n/2%crashSteps
		}
		b.run(t, n, step)
		b.check(t)
		if t.Failed() {
			t.Fatalf("after run %d, which was killed at step %d", n, step)
		}
	}
	if len(b.state) < points {
		t.Errorf("only %d entries were made", len(b.state))
	}
	done := map[string]int{}
	for _, state := range b.state {
		done[state]++
	}
	t.Logf("%d points: %v", points, done)
}

// run has a child work until it is killed.
func (b *book) run(t *testing.T, n, step int) {
	t.Helper()
	cmd := exec.Command(b.child, append([]string{b.dir, fmt.Sprint(step), fmt.Sprint(n)}, b.args...)...)
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
			time.AfterFunc(time.Duration(rand.IntN(100_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		}
		b.note(t, strings.Fields(line))
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended by itself: %v", err)
	}
	if b.ended != nil {
		b.ended()
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
	case "error":
		t.Errorf("child: %v", words)
	case "ready":
	default:
		marker, known := b.ids[words[1]]
		// An entry that has lost its audio or its text may lose more; what is gone stays gone.
		if known {
			b.state[marker] = strings.TrimPrefix(b.lost(marker)+" "+words[0], " ")
		}
	}
}

// lost is what a marker's entry has lost for certain.
func (b *book) lost(marker string) string {
	var kept []string
	for _, w := range strings.Fields(b.state[marker]) {
		if strings.HasSuffix(w, "-done") {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// check opens the history as the next start does, and compares rows, clips, and every byte with what was said.
func (b *book) check(t *testing.T) {
	t.Helper()
	h := b.open(t)
	defer h.close()
	if err := h.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	there := b.checkEntries(t, h)
	written := markersIn(b.texts(t))
	for marker, state := range b.state {
		gone := strings.Contains(state, "delete-done")
		switch {
		case there[marker] && gone, !there[marker] && !strings.Contains(state, "delete") && state != "add":
			t.Errorf("%s: %s, and there is %v", marker, state, there[marker])
		case (!there[marker] || strings.Contains(state, "text-done")) && written[marker]:
			t.Errorf("%s: %s, there is %v, and its text can be read in %v", marker, state, there[marker], traces(t, b.dir, marker))
		case !there[marker]:
			b.state[marker] = "delete-done"
		case state == "add":
			b.state[marker] = "added"
		}
	}
}

// checkEntries looks at every entry and every clip, and returns which markers have an entry.
func (b *book) checkEntries(t *testing.T, h *house) map[string]bool {
	t.Helper()
	there, clips := map[string]bool{}, h.clips(t)
	for _, e := range h.list(t) {
		if marker, _, ok := strings.Cut(e.Transcript, "x"); ok || e.Transcript != "" {
			b.ids[e.ID] = marker // it may have been added without that being said
		}
		marker := b.ids[e.ID]
		there[marker] = true
		state := b.state[marker]
		switch {
		case e.Clip == nil && !strings.Contains(state, "audio"), e.Clip != nil && strings.Contains(state, "audio-done"):
			t.Errorf("%s: %s, and it has audio: %v", marker, state, e.Clip != nil)
		case e.Clip != nil:
			if _, err := h.play(t.Context(), e.ID); err != nil || !clips[e.ID] {
				t.Errorf("%s cannot be played: %v", e.ID, err)
			}
			delete(clips, e.ID)
		}
		b.settle(marker, e)
	}
	if len(clips) != 0 || len(h.garbage(t)) != 0 || h.Repair().Missing != 0 || h.Repair().OrphansLeft != 0 {
		t.Errorf("clips without a row %v, garbage %v, %+v", clips, h.garbage(t), h.Repair())
	}
	if drafts, err := filepath.Glob(filepath.Join(h.dir, "clips", "unfinished", "*")); err != nil || len(drafts) != 0 {
		t.Errorf("unfinished clips: %v, %v", drafts, err)
	}
	return there
}

// settle notes what an entry has lost for certain: it may have been cut off before that was said.
func (b *book) settle(marker string, e history.Entry) {
	for lost, is := range map[string]bool{" audio-done": e.Clip == nil, " text-done": e.Transcript == ""} {
		if is && !strings.Contains(b.state[marker], lost) {
			b.state[marker] += lost
		}
	}
}

// markersIn returns every marker that stands in what was read: there are thousands to be looked for, too many to go through it for each.
func markersIn(all string) map[string]bool {
	found := map[string]bool{}
	for _, marker := range regexp.MustCompile(`marker-\d+-\d+-`).FindAllString(all, -1) {
		found[marker] = true
	}
	return found
}

func TestMarkersIn(t *testing.T) {
	got := markersIn("\xff\x00marker-1-2-marker-12-0-xxmarker-marker-3-45-\x80marker-6-\nmarker-7-8 MARKER-9-9-")
	if want := map[string]bool{"marker-1-2-": true, "marker-12-0-": true, "marker-3-45-": true}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// readAll is every byte of a folder, but for files of some names.
func readAll(t *testing.T, dir string, but ...string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains(but, d.Name()) {
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
