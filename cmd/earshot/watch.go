package main

import (
	"maps"
	"os"
	"syscall"
	"time"
)

// watchEvery is how often files are looked at. Editors put a new file in the place of the old one, so that it is the path that is looked at; and a file
// that is being written is left to settle until it is the same twice.
const watchEvery = 2 * time.Second

// fileState is what tells a file from what it was before; the zero value is none at all.
type fileState struct {
	modified int64 // ns
	size     int64
	inode    uint64
}

// stateOf looks at a file, or at what a link leads to.
func stateOf(path string) fileState {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}
	}
	s := fileState{modified: info.ModTime().UnixNano(), size: info.Size()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = sys.Ino
	}
	return s
}

// watch notices that files have changed.
type watch struct {
	seen   map[string]fileState // what was taken over, or refused
	settle map[string]fileState // what was new when it was last looked at; nil for nothing
}

// newWatch begins with a file as it is now.
func newWatch(path string) *watch {
	return &watch{seen: map[string]fileState{path: stateOf(path)}}
}

// look looks at all files again.
func (w *watch) look() map[string]fileState {
	now := make(map[string]fileState, len(w.seen))
	for path := range w.seen {
		now[path] = stateOf(path)
	}
	return now
}

// changed tells whether they are others than those that were last taken, and have been so since the last look.
func (w *watch) changed() bool {
	now := w.look()
	if maps.Equal(now, w.seen) {
		w.settle = nil
		return false
	}
	settled := w.settle != nil && maps.Equal(now, w.settle)
	w.settle = now
	return settled
}

// take notes the files as they are: whatever comes of them, they are not read again before they change.
func (w *watch) take() { w.seen, w.settle = w.look(), nil }

// follow looks at some files more, and no longer at those that were followed before beside the first one.
func (w *watch) follow(first string, more map[string]fileState) {
	seen := map[string]fileState{first: w.seen[first]}
	maps.Copy(seen, more)
	w.seen = seen
}
