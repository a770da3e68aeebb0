package speaker_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSoundsAreTheScripts wants the committed sounds to be what scripts/sounds.py makes.
func TestSoundsAreTheScripts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.Command("python3", "../../scripts/sounds.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("make the sounds: %v\n%s", err, out)
	}
	made, err := filepath.Glob(filepath.Join(dir, "*.wav"))
	if err != nil || len(made) != 3 {
		t.Fatalf("%d sounds, error %v", len(made), err)
	}
	for _, path := range made {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join("sounds", filepath.Base(path))); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the script makes (error %v): run go generate ./internal/speaker", filepath.Base(path), err)
		}
	}
}
