package history_test

import (
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"earshot/history"
)

// TestLockWhileChildrenStart gives the lock back at once, also while other programs are being started, which get copies of the file for
// a moment.
func TestLockWhileChildrenStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	stop := make(chan struct{})
	var starting sync.WaitGroup
	for range 2 {
		starting.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if err := exec.Command("true").Run(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for range 2000 {
		l, err := history.Lock(path)
		if err != nil {
			t.Error(err)
			break
		}
		if other, err := history.Lock(path); err == nil {
			t.Error("locked twice")
			other.Close()
		}
		for range 2 {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	close(stop)
	starting.Wait()
}
