package files_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
	"earshot/history/files"
)

const (
	otherID  = "01JE0XQ7Z0ABCDEFGHJKMNPQRS"
	identity = "SOMEIDENTITY"
)

// oldFolder is what an earlier version left: clips that end in .flac, and an identity without a form.
func oldFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, content := range map[string]string{
		"identity": identity + "\n", "01JD/" + someID + ".flac": "one", "01JE/" + otherID + ".flac": "other", "01JE/notes.flac": "foreign",
	} {
		full := filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o700), os.WriteFile(full, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents reads every file of a folder but the lock.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		data, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir+"/")] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// upgraded is what oldFolder has to become.
var upgraded = map[string]string{
	"identity": identity + "\n2\n", "01JD/" + someID + ".age": "one", "01JE/" + otherID + ".age": "other", "01JE/notes.flac": "foreign",
}

// TestUpgrade renames the clips of an earlier version, whatever was renamed before a start that was cut off.
func TestUpgrade(t *testing.T) {
	for name, before := range map[string]func(dir string) error{
		"whole": func(string) error { return nil },
		"begun": func(dir string) error {
			return os.Rename(filepath.Join(dir, "01JD", someID+".flac"), filepath.Join(dir, "01JD", someID+".age"))
		},
		"renamed": func(dir string) error {
			return errors.Join(
				os.Rename(filepath.Join(dir, "01JD", someID+".flac"), filepath.Join(dir, "01JD", someID+".age")),
				os.Rename(filepath.Join(dir, "01JE", otherID+".flac"), filepath.Join(dir, "01JE", otherID+".age")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := oldFolder(t)
			if err := before(dir); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				b := open(t, dir)
				if again := identityOf(t, b); again != identity {
					t.Errorf("identity %q, was %q", again, identity)
				}
				seen := map[string]int64{}
				if err := b.List(t.Context(), func(i history.BlobInfo) error { seen[i.ID] = i.Bytes; return nil }); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(map[string]int64{someID: 3, otherID: 5}, seen); diff != "" {
					t.Errorf("clips (-want +got):\n%s", diff)
				}
				b.Close()
				if diff := cmp.Diff(upgraded, contents(t, dir)); diff != "" {
					t.Errorf("files (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestUpgradeOnce leaves alone what has an old ending in a folder that was upgraded: it is not ours.
func TestUpgradeOnce(t *testing.T) {
	dir := oldFolder(t)
	open(t, dir).Close()
	foreign := filepath.Join(dir, "01JD", otherID[:2]+"JD"+otherID[4:]+".flac")
	if err := os.WriteFile(foreign, []byte("foreign"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir).Close()
	if data, err := os.ReadFile(foreign); err != nil || string(data) != "foreign" {
		t.Errorf("%q, %v", data, err)
	}
}

// TestUpgradeFails says what could not be renamed, and goes on when it can.
func TestUpgradeFails(t *testing.T) {
	dir := oldFolder(t)
	inTheWay := filepath.Join(dir, "01JE", otherID+".age")
	if err := os.Mkdir(inTheWay, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := files.Open(dir)
	if err == nil || !strings.Contains(err.Error(), "rename the clips of an earlier version: ") {
		t.Fatalf("opened: %v", err)
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	open(t, dir).Close()
	if diff := cmp.Diff(upgraded, contents(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestNewerForm touches nothing that it does not know.
func TestNewerForm(t *testing.T) {
	dir := oldFolder(t)
	if err := os.WriteFile(filepath.Join(dir, "identity"), []byte(identity+"\n3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	if _, err := files.Open(dir); err == nil || !strings.Contains(err.Error(), "update this one") {
		t.Errorf("opened: %v", err)
	}
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
