package history_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
)

// TestExport reads an archive as any program does, and finds every entry and every sample in it.
func TestExport(t *testing.T) {
	h := newHouse(t, t.TempDir())
	sounds := map[string][]int16{}
	for n := range 4 {
		r := said([]string{"zero", "one", "two", "drei ß"}[n], day.Add(time.Duration(n)*time.Hour), 5+n)
		if n == 1 {
			r.Entry.Satellite = "hall"
		}
		sounds[h.add(t, r).ID] = r.PCM
	}
	silent := h.add(t, history.Recording{Entry: said("silent", day.Add(30*time.Minute), 1).Entry})
	h.add(t, said("too old", day.Add(-time.Hour), 5))
	var out bytes.Buffer
	done, err := h.Export(t.Context(), "anna", history.Filter{From: day, Satellites: []string{"kitchen"}}, &out)
	if err != nil || done.Entries != 4 || done.Clips != 3 {
		t.Fatalf("%+v, %v", done, err)
	}
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		f, err := archive.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var texts []string
	lines := bufio.NewScanner(bytes.NewReader(read("entries.jsonl")))
	for lines.Scan() {
		var line struct{ ID, Transcript, Audio string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, line.Transcript)
		if line.ID == silent.ID {
			if line.Audio != "" {
				t.Errorf("an entry without audio names %s", line.Audio)
			}
			continue
		}
		pcm, err := history.DecodeFLAC(bytes.NewReader(read(line.Audio)))
		if err != nil || !slices.Equal(pcm, sounds[line.ID]) {
			t.Errorf("%s: %d samples of %d, or others: %v", line.Audio, len(pcm), len(sounds[line.ID]), err)
		}
	}
	if diff := cmp.Diff([]string{"drei ß", "two", "silent", "zero"}, texts); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
	if log, err := h.Accesses(t.Context(), "", 1); err != nil || len(log) != 1 || log[0].Who != "anna" || log[0].Action != history.AccessExported || log[0].Entries != 4 {
		t.Errorf("access log: %+v, %v", log, err)
	}
}

// TestVerify finds what is wrong, each thing by its name, and nothing where all is well.
func TestVerify(t *testing.T) {
	h := newHouse(t, t.TempDir())
	fine, missing, damaged, short := h.add(t, said("fine", day, 3)), h.add(t, said("missing", day, 3)), h.add(t, said("damaged", day, 3)), h.add(t, said("short", day, 3))
	v, err := h.Verify(t.Context(), func(done, all int64) {})
	want := history.Verified{Entries: 4, Clips: 4, Stored: fine.Clip.Stored * 4, Problems: []history.VerifyProblem{}}
	if diff := cmp.Diff(want, v); diff != "" || err != nil {
		t.Fatalf("when all is well (-want +got):\n%s%v", diff, err)
	}
	if err := h.blobs.Delete(t.Context(), []string{missing.ID}); err != nil {
		t.Fatal(err)
	}
	edit := func(id string, change func([]byte) []byte) {
		path := filepath.Join(h.dir, "clips", id[:4], id+".age")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, change(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit(damaged.ID, func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
	edit(short.ID, func(b []byte) []byte { return b[:len(b)-20] })
	if err := h.blobs.Put(t.Context(), "01ARZ3NDEKTSV4RRFFQ69G5FAV", []byte("x")); err != nil {
		t.Fatal(err)
	}
	v, err = h.Verify(t.Context(), nil)
	got := map[string]string{}
	for _, p := range v.Problems {
		got[p.ID] = p.What
	}
	problems := map[string]string{
		missing.ID: "its clip is missing", damaged.ID: "its clip cannot be read", short.ID: "its clip cannot be read",
		"": "1 clips belong to no entry; the next start removes them",
	}
	if diff := cmp.Diff(problems, got); diff != "" || err != nil || v.Clips != 1 || v.Orphans != 1 {
		t.Errorf("%+v, %v; problems (-want +got):\n%s", v, err, diff)
	}
}

// TestKeyIsTheDeletion wants a copy of a clip that was made before its deletion to be of no use after it.
func TestKeyIsTheDeletion(t *testing.T) {
	h := newHouse(t, t.TempDir())
	e := h.add(t, said("x", day, 20))
	path := filepath.Join(h.dir, "clips", e.ID[:4], e.ID+".age")
	backup, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(backup), "fLaC") || !strings.HasPrefix(string(backup), "age-encryption.org/v1") {
		t.Error("the clip is not sealed")
	}
	if int64(len(backup)) != e.Clip.Stored {
		t.Errorf("%d bytes are stored, and %d are counted", len(backup), e.Clip.Stored)
	}
	if found := traces(t, h.dir, "AGE-SECRET-KEY"); len(found) == 0 {
		t.Fatal("the key is not found while it must be there: this test sees nothing")
	}
	if _, err := h.Delete(t.Context(), "test", entries(e.ID)); err != nil {
		t.Fatal(err)
	}
	if found := traces(t, h.dir, "AGE-SECRET-KEY"); len(found) != 0 {
		t.Errorf("a key is in %v", found)
	}
}

// TestSetAside begins anew beside a damaged history, says so, and deletes nothing of it.
func TestSetAside(t *testing.T) {
	h := newHouse(t, t.TempDir())
	h.add(t, said("old", day, 3))
	h.close()
	folder, err := history.SetAside(h.dir, day)
	if err != nil || filepath.Base(folder) != "damaged-20261124-180000" {
		t.Fatalf("%s, %v", folder, err)
	}
	h = newHouse(t, h.dir)
	h.add(t, said("new", day, 3))
	if n := len(h.list(t)); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
	if found := traces(t, folder, "old"); len(found) == 0 {
		t.Error("the old history is not in its folder")
	}
	if got := history.SetAsideFolders(h.dir); !slices.Equal(got, []string{folder}) {
		t.Errorf("set aside: %v", got)
	}
	// It can be opened where it lies, when it was not damaged after all.
	old := newHouse(t, folder)
	if e := old.list(t); len(e) != 1 || e[0].Transcript != "old" {
		t.Errorf("the old history holds %d entries", len(e))
	}
}

// TestSetAsideCutOff goes on where a power cut has stopped it: a new database beside the old clips would be refused at every start.
func TestSetAsideCutOff(t *testing.T) {
	h := newHouse(t, t.TempDir())
	h.add(t, said("old", day, 3))
	h.close()
	folder := filepath.Join(h.dir, "damaged-20261124-180000")
	err := errors.Join(os.WriteFile(filepath.Join(h.dir, "history.damaged"), []byte(filepath.Base(folder)), 0o600), os.Mkdir(folder, 0o700),
		os.Rename(filepath.Join(h.dir, "history.db"), filepath.Join(folder, "history.db")))
	if err != nil {
		t.Fatal(err)
	}
	if !history.Damaged(h.dir) {
		t.Error("the next start does not know that something is to be set aside")
	}
	if got, err := history.SetAside(h.dir, day.Add(time.Hour)); err != nil || got != folder || history.Damaged(h.dir) {
		t.Fatalf("%s, %v; still damaged: %v", got, err, history.Damaged(h.dir))
	}
	newHouse(t, h.dir)
	if e := newHouse(t, folder).list(t); len(e) != 1 || e[0].Transcript != "old" {
		t.Errorf("the old history holds %d entries", len(e))
	}
}
