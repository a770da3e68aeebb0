package sqlite_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/history"
	"earshot/history/sqlite"
)

// made is the bytes of a database with some entries.
func made(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.db")
	s := open(t, path)
	for n := range 300 {
		insert(t, s, newEntry(time.Now().Add(-time.Duration(n)*time.Hour), fmt.Sprintf("marker-%d-%s", n, strings.Repeat("x", n))))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestDamaged wants a sentence, ErrDamaged and no harm where the file is no database, or one that is broken.
func TestDamaged(t *testing.T) {
	good := made(t)
	change := func(from, to int) []byte {
		data := bytes.Clone(good)
		for i := from; i < to; i++ {
			data[i] ^= 0x55
		}
		return data
	}
	for name, data := range map[string][]byte{
		"no database":    []byte(strings.Repeat("this is not a database. ", 500)),
		"short":          []byte("this is not a database"),
		"cut":            good[:len(good)/2],
		"page":           change(len(good)/2&^4095, len(good)/2&^4095+4096),
		"schema":         change(100, 300),
		"header":         change(0, 30),
		"a page of zero": append(bytes.Clone(good[:len(good)-4096]), make([]byte, 4096)...),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.db")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the lock must be free again
				s, err := sqlite.Open(t.Context(), path)
				if !errors.Is(err, history.ErrDamaged) || !strings.HasPrefix(err.Error(), "open history database "+path+": ") {
					t.Errorf("%v, want ErrDamaged", err)
				}
				if s != nil {
					s.Close()
				}
				if err != nil && strings.Contains(err.Error(), "marker") {
					t.Error("the error holds what was said")
				}
			}
			if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, data) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

// TestDamagedAfterAll breaks a page of a database in use.
func TestDamagedAfterAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	if err := os.WriteFile(path, made(t), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xaa}, 4096*8), info.Size()/2&^4095); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); !errors.Is(err, history.ErrDamaged) {
		t.Errorf("check: %v, want ErrDamaged", err)
	}
}

// TestNotDamaged wants other troubles not to be taken for damage, as nothing is to be set aside then.
func TestNotDamaged(t *testing.T) {
	if _, err := sqlite.Open(t.Context(), t.TempDir()); err == nil || errors.Is(err, history.ErrDamaged) {
		t.Errorf("a folder: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), filepath.Join(file, "history.db")); err == nil || errors.Is(err, history.ErrDamaged) {
		t.Errorf("below a file: %v", err)
	}
}
