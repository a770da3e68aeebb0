package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"earshot/history"
	"earshot/history/sqlite"
)

const inNamespace = "EARSHOT_TEST_MOUNTS"

// smallDisk mounts one of a megabyte. Who may not mount runs the test once more in a namespace where they may; then ok is false here.
func smallDisk(t *testing.T) (folder string, ok bool) {
	t.Helper()
	folder = t.TempDir()
	err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=1m")
	if err == nil {
		t.Cleanup(func() { _ = syscall.Unmount(folder, 0) })
		return folder, true
	}
	if os.Getenv(inNamespace) == "" {
		cmd := exec.Command("unshare", "-rm", os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), inNamespace+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("mount: %v\n%s", err, out)
		}
		return "", false
	}
	t.Fatalf("mount: %v", err)
	return "", false
}

// fill adds until something fails, and returns what was added.
func fill(t *testing.T, s *sqlite.Store) (entries []history.Entry, err error) {
	t.Helper()
	for n := range 10_000 {
		e := newEntry(time.Now(), fmt.Sprintf("marker-%d-%s", n, strings.Repeat("x", 500)))
		if err := s.Insert(t.Context(), e, keyOf(e.Transcript)); err != nil {
			return entries, err
		}
		entries = append(entries, e)
	}
	t.Fatal("the disk is never full")
	return nil, nil
}

// wantAll wants every entry to be there, and no other.
func wantAll(t *testing.T, s *sqlite.Store, entries []history.Entry) {
	t.Helper()
	for _, e := range entries {
		if got, err := s.Get(t.Context(), e.ID); err != nil || got.Transcript != e.Transcript {
			t.Fatalf("lost: %v", err)
		}
	}
	totals, err := s.Totals(t.Context(), history.Selection{})
	if err != nil || totals.Entries != int64(len(entries)) {
		t.Errorf("%d entries, want %d (%v)", totals.Entries, len(entries), err)
	}
}

// TestFullDisk wants nothing to be lost when there is no room, and all to go on when there is again.
func TestFullDisk(t *testing.T) {
	folder, ok := smallDisk(t)
	if !ok {
		return
	}
	path, ballast := filepath.Join(folder, "history.db"), filepath.Join(folder, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 300<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	entries, err := fill(t, s)
	if errors.Is(err, history.ErrDamaged) || strings.Contains(err.Error(), "marker") {
		t.Errorf("insert: %v", err)
	}
	for range 2 {
		if err := s.Insert(t.Context(), newEntry(time.Now(), strings.Repeat("y", 50_000)), "key"); err == nil {
			t.Error("an entry was added to a full disk")
		}
		wantAll(t, s, entries)
	}
	trashed, trashErr := s.Trash(t.Context(), history.Selection{IDs: []string{entries[0].ID}}, 10)
	if err := s.Flush(t.Context()); errors.Is(err, history.ErrDamaged) {
		t.Errorf("flush: %v", err)
	}
	if trashErr == nil {
		entries = entries[len(trashed):]
	}
	wantAll(t, s, entries)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	e := newEntry(time.Now(), "after")
	insert(t, s, e)
	wantAll(t, s, append(entries, e))
	wipe(t, s, history.Selection{IDs: []string{entries[1].ID}})
	if readable(everything(t, path), entries[1].Transcript[:12]) {
		t.Error("the text can be read")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	checkIntegrity(t, path)
	s = open(t, path)
	wantAll(t, s, append(entries[2:], entries[0], e))
}

// TestClosedWhenFull wants remnants that cannot be overwritten for lack of room to be found by the next that opens the database.
func TestClosedWhenFull(t *testing.T) {
	folder, ok := smallDisk(t)
	if !ok {
		return
	}
	path, ballast := filepath.Join(folder, "history.db"), filepath.Join(folder, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 300<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	entries, _ := fill(t, s)
	if err := os.WriteFile(filepath.Join(folder, "more"), make([]byte, 1<<20), 0o600); err == nil {
		t.Fatal("there is room still")
	}
	if err := s.Close(); err == nil {
		t.Error("there was room for remnants to be overwritten: this test sees nothing")
	}
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		t.Errorf("the journal was moved with what it holds (%v)", err)
	}
	for _, name := range []string{ballast, filepath.Join(folder, "more")} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, path)
	wantAll(t, s, entries)
	wipe(t, s, history.Selection{Filter: history.Filter{Text: "marker-1"}})
	if readable(everything(t, path), "marker-1") {
		t.Error("the text can be read")
	}
}

// TestReadOnlyDisk wants the same of a disk that becomes read-only, as ext4 does after an error.
func TestReadOnlyDisk(t *testing.T) {
	folder, ok := smallDisk(t)
	if !ok {
		return
	}
	s := open(t, filepath.Join(folder, "history.db"))
	e := newEntry(time.Now(), "before")
	insert(t, s, e)
	// Files that are open for writing keep a disk from becoming read-only, unless it is forced: so the limit of the file's size stands for it.
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	now := before
	now.Cur = 1
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now); err != nil {
		t.Fatal(err)
	}
	insertErr := s.Insert(t.Context(), newEntry(time.Now(), "during"), "key")
	_, trashErr := s.Trash(t.Context(), history.Selection{}, 10)
	flushErr := s.Flush(t.Context())
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{"insert": insertErr, "trash": trashErr} {
		if err == nil || errors.Is(err, history.ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if errors.Is(flushErr, history.ErrDamaged) {
		t.Errorf("flush: %v", flushErr)
	}
	wantAll(t, s, []history.Entry{e})
	wipe(t, s, history.Selection{})
	wantAll(t, s, nil)
	after := newEntry(time.Now(), "after")
	insert(t, s, after)
	wantAll(t, s, []history.Entry{after})
}
