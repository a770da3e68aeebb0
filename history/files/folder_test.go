package files_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"earshot/history"
	"earshot/history/files"
)

const someID = "01JDFXQ7Z0ABCDEFGHJKMNPQRS"

// TestReopen keeps clips and identity, and lets nobody else in meanwhile.
func TestReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "clips")
	b := open(t, dir)
	if err := b.Put(t.Context(), someID, []byte("sound")); err != nil {
		t.Fatal(err)
	}
	_, err := files.Open(dir)
	if want := fmt.Sprintf("open clips %s: lock %[1]s/lock: another process has it; end that one, or use another folder", dir); err == nil || err.Error() != want {
		t.Errorf("opened twice: %v, want %s", err, want)
	}
	identity := identityOf(t, b)
	b.Close()
	b = open(t, dir)
	r, err := b.Open(t.Context(), someID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if data, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size())); err != nil || string(data) != "sound" || identityOf(t, b) != identity {
		t.Errorf("%q, %v, identity %s, was %s", data, err, identityOf(t, b), identity)
	}
	if _, err := os.Stat(filepath.Join(dir, "01JD", someID+".age")); err != nil {
		t.Errorf("the folder of a clip is not named by the time in its id: %v", err)
	}
}

// TestUnfinished removes what a crash left half written; it is audio that nobody can find.
func TestUnfinished(t *testing.T) {
	dir := t.TempDir()
	open(t, dir).Close()
	half := filepath.Join(dir, "unfinished", someID+".age")
	if err := os.WriteFile(half, []byte("half a sou"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, dir)
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is there: %v", err)
	}
	if err := b.Put(t.Context(), someID, []byte("sound")); err != nil {
		t.Error(err)
	}
}

// TestForeignFiles neither lists nor removes nor follows what others have put into the folder.
func TestForeignFiles(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	b := open(t, dir)
	other := strings.Replace(someID, "01JD", "01JE", 1)
	secret := filepath.Join(outside, other+".age")
	for _, path := range []string{
		secret, filepath.Join(dir, "README.txt"), filepath.Join(dir, someID+".age"), filepath.Join(dir, "01JF", someID+".age"), filepath.Join(dir, "01JD", "notes.age"),
		filepath.Join(dir, "01JD", strings.ToLower(someID)+".age"), filepath.Join(dir, "01JD", someID+".age.bak"), filepath.Join(dir, "01JD", someID),
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("foreign"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, "01JE")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "01JD", someID+".age"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := b.List(t.Context(), func(i history.BlobInfo) error {
		t.Errorf("listed: %+v", i)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if r, err := b.Open(t.Context(), other); err == nil {
		r.Close()
		t.Error("a link out of the folder was followed")
	}
	if err := b.Delete(t.Context(), []string{other}); err == nil {
		t.Error("a deletion through a link out of the folder was called a success")
	}
	if err := b.Put(t.Context(), other, []byte("x")); err == nil {
		t.Error("a clip was written through a link out of the folder")
	}
	if data, err := os.ReadFile(secret); err != nil || string(data) != "foreign" {
		t.Errorf("the file outside: %q, %v", data, err)
	}
}

// TestFailedPut leaves nothing behind.
func TestFailedPut(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	if err := os.MkdirAll(filepath.Join(dir, "01JD", someID+".age", "x"), 0o700); err != nil { // a folder cannot be replaced by a file
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), someID, []byte("sound")); err == nil || !strings.HasPrefix(err.Error(), "store clip: ") {
		t.Errorf("put: %v", err)
	}
	if drafts, err := os.ReadDir(filepath.Join(dir, "unfinished")); err != nil || len(drafts) != 0 {
		t.Errorf("unfinished: %v, %v", drafts, err)
	}
}

func identityOf(t *testing.T, b *files.Blobs) string {
	t.Helper()
	id, err := b.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id
}
