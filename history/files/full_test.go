package files_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"earshot/history"
	"earshot/history/files"
)

// TestDiskFull fills a small disk: a clip that finds no room leaves nothing, and one finds it again after a deletion.
func TestDiskFull(t *testing.T) {
	const inside = "EARSHOT_TEST_UNSHARED"
	dir := t.TempDir()
	err := syscall.Mount("earshot-test", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "size=1m,mode=0700")
	if errors.Is(err, syscall.EPERM) && os.Getenv(inside) == "" { // only root may mount, or who is root in a world of its own
		cmd := exec.Command("unshare", "--user", "--map-root-user", "--mount", os.Args[0], "-test.run=^TestDiskFull$", "-test.v")
		cmd.Env = append(os.Environ(), inside+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestDiskFull") {
			t.Fatalf("a small disk is needed; neither may this test mount one, nor in a namespace of its own: %v\n%s", err, out)
		}
		return
	}
	if err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	b, err := files.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() // before the disk goes
	fill(t, b, dir)
}

func fill(t *testing.T, b *files.Blobs, dir string) {
	const size = 150_000
	clip := func(n int) (id string, data []byte) {
		return someID[:25] + string("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[n]), make([]byte, size)
	}
	stored := 0
	for ; ; stored++ {
		id, data := clip(stored)
		err := b.Put(t.Context(), id, data)
		if err == nil {
			continue
		}
		if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "store clip: ") {
			t.Fatalf("put: %v", err)
		}
		if _, err := b.Open(t.Context(), id); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("the clip without room: %v, want ErrNotFound", err)
		}
		break
	}
	count := 0
	if err := b.List(t.Context(), func(i history.BlobInfo) error {
		count++
		if i.Bytes != size {
			t.Errorf("%s has %d bytes, want %d", i.ID, i.Bytes, size)
		}
		return nil
	}); err != nil || count != stored || stored < 4 {
		t.Errorf("%d clips are listed, %d were stored, %v", count, stored, err)
	}
	if drafts, err := os.ReadDir(filepath.Join(dir, "unfinished")); err != nil || len(drafts) != 0 {
		t.Errorf("unfinished: %v, %v", drafts, err)
	}
	first, data := clip(0)
	if err := b.Delete(t.Context(), []string{first}); err != nil {
		t.Errorf("delete on a full disk: %v", err)
	}
	if err := b.Put(t.Context(), first, data); err != nil {
		t.Errorf("put after a deletion: %v", err)
	}
}
