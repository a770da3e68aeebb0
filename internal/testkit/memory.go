package testkit

import (
	"os"
	"syscall"
	"testing"
)

// MemoryDir is like t.TempDir, but the folder lies in memory where the machine has room there (/dev/shm, 256 MB, of which tests use a few):
// every sync of a file takes milliseconds on a disk, and nothing here. It is for tests that write without end and cut no power: what a process
// has written before it is killed stays, synced or not, as the kernel has it.
func MemoryDir(t testing.TB) string {
	t.Helper()
	const memory, enough = "/dev/shm", 256 << 20 // bytes
	var room syscall.Statfs_t
	if err := syscall.Statfs(memory, &room); err != nil || room.Bavail*uint64(room.Bsize) < enough {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "earshot-test-")
	if err != nil { // it is not ours to write to
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove what the test has left: %v", err)
		}
	})
	return dir
}
