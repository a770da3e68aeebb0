package history_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"

	"earshot/history"
)

func TestAdd(t *testing.T) {
	h := newHouse(t, t.TempDir())
	at := day.Add(1234567 * time.Nanosecond).In(time.FixedZone("x", 3600))
	r := said("turn on the light", at, 20)
	e := h.add(t, r)
	got, err := h.Get(t.Context(), e.ID)
	if diff := cmp.Diff(e, got); diff != "" || err != nil {
		t.Errorf("what Add returned and what is stored differ:\n%s%v", diff, err)
	}
	if !e.At.Equal(day.Add(time.Millisecond)) || e.Zone != "Europe/Berlin" {
		t.Errorf("at %v in %s", e.At, e.Zone)
	}
	if id := ulid.MustParse(e.ID); !id.Timestamp().Equal(e.At) {
		t.Errorf("the id says %v, the entry %v", id.Timestamp(), e.At)
	}
	if e.Clip == nil || e.Clip.MediaType != "audio/flac" || e.Clip.SampleRate != 16000 || len(e.Peaks) != history.PeakCount {
		t.Errorf("clip %+v, %d peaks", e.Clip, len(e.Peaks))
	}
	pcm, err := h.play(t.Context(), e.ID)
	if err != nil || !slices.Equal(pcm, r.PCM) {
		t.Errorf("the clip has %d samples of %d, or others: %v", len(pcm), len(r.PCM), err)
	}
	if r.Entry.ID = e.ID; h.add(t, r).ID == e.ID {
		t.Error("an id was used twice")
	}
	silent := h.add(t, history.Recording{Entry: r.Entry})
	if _, _, err := h.OpenClip(t.Context(), silent.ID); silent.Clip != nil || silent.Peaks != nil || !errors.Is(err, history.ErrNotFound) {
		t.Errorf("without audio: clip %+v, %d peaks, open: %v", silent.Clip, len(silent.Peaks), err)
	}
}

func TestAddKeepsOrderWithinAMillisecond(t *testing.T) {
	h := newHouse(t, t.TempDir())
	var want []string
	for range 20 {
		want = append(want, h.add(t, history.Recording{Entry: history.Entry{Satellite: "kitchen", At: day}}).ID)
	}
	slices.Reverse(want)
	var got []string
	for _, e := range h.list(t) {
		got = append(got, e.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("newest first (-want +got):\n%s", diff)
	}
}

func TestAddBeforeTimeBegan(t *testing.T) {
	h := newHouse(t, t.TempDir())
	_, err := h.Add(t.Context(), said("x", time.Time{}, 1))
	if err == nil || len(h.list(t)) != 0 || len(h.clips(t)) != 0 {
		t.Errorf("%v, %d entries, %d clips", err, len(h.list(t)), len(h.clips(t)))
	}
	h.add(t, said("1970", time.UnixMilli(7), 1)) // a small computer before it has asked for the time
}

func TestPolicy(t *testing.T) {
	h := newHouse(t, t.TempDir())
	for _, c := range []struct {
		save       history.Save
		rows, clip bool
	}{{history.SaveAll, true, true}, {history.SaveText, true, false}, {history.SaveNothing, false, false}} {
		if err := h.SetSave(t.Context(), "kitchen", c.save); err != nil {
			t.Fatal(err)
		}
		if got, err := h.Save(t.Context(), "kitchen"); got != c.save || err != nil {
			t.Errorf("save is %q (%v), want %q", got, err, c.save)
		}
		e, err := h.Add(t.Context(), said("marker-"+string(c.save), day, 2))
		if c.rows != (err == nil) || c.rows == errors.Is(err, history.ErrNotSaved) {
			t.Errorf("%s: %v", c.save, err)
		}
		if (e.Clip != nil) != c.clip || h.clips(t)[e.ID] != c.clip || (e.Peaks != nil) != c.clip {
			t.Errorf("%s: clip %+v, stored %v, %d peaks", c.save, e.Clip, h.clips(t)[e.ID], len(e.Peaks))
		}
		if found := traces(t, h.dir, "marker-"+string(c.save)); (len(found) > 0) != c.rows {
			t.Errorf("%s: the text is in %v", c.save, found)
		}
	}
	// Another microphone goes by the configuration, and a restart remembers.
	h = h.reopen(t)
	for satellite, want := range map[string]history.Save{"kitchen": history.SaveNothing, "hall": history.SaveAll} {
		if got, err := h.Save(t.Context(), satellite); got != want || err != nil {
			t.Errorf("after a restart %s saves %q (%v), want %q", satellite, got, err, want)
		}
	}
	err := h.SetSave(t.Context(), "kitchen", "audio")
	if want := `change what is saved: "audio" is not known; use audio+text, text or nothing`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if got, _ := h.Save(t.Context(), "kitchen"); got != history.SaveNothing {
		t.Errorf("a wrong value changed it to %q", got)
	}
}

func TestSettings(t *testing.T) {
	h := newHouse(t, t.TempDir())
	if err := h.SetSetting(t.Context(), "mute/kitchen", "on"); err != nil {
		t.Fatal(err)
	}
	if got, err := h.reopen(t).Setting(t.Context(), "mute/kitchen"); got != "on" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestConfig(t *testing.T) {
	if wrong := history.DefaultConfig().Validate(); len(wrong) != 0 {
		t.Errorf("the default is wrong: %v", wrong)
	}
	want := map[string]string{
		"dir":                    "is empty; name the folder for the database and the recordings, such as ./data",
		"save":                   `"all" is not known; use audio+text, text or nothing`,
		"time_zone":              `"Berlin" is not a time zone; write it like Europe/Berlin`,
		"week_start":             `"" is not a day of the week; write it like monday`,
		"retention.at":           `"25:00" is not a time of day; write it like 03:30`,
		"retention.understood":   `"" is not an age; write it like 12h, 90d, 2w, 18m (months), 1y, or never`,
		"retention.not_intended": `"soon" is not an age; write it like 12h, 90d, 2w, 18m (months), 1y, or never`,
		"retention.max_entries":  `-1 is not a limit; use 0 for none`,
		"s3.endpoint":            "postgres and s3 belong together: entries that several bridges share need clips that they share; set both, or neither",
	}
	broken := history.Config{Save: "all", TimeZone: "Berlin", Postgres: history.PostgresConfig{URL: "postgres://x"}}
	broken.Retention = history.RetentionConfig{At: "25:00", Rules: history.Rules{NotIntended: "soon", Failed: history.Never}, Limits: history.Limits{MaxEntries: -1}}
	if diff := cmp.Diff(want, broken.Validate()); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
	if wrong := (history.Config{Dir: "x", Save: history.SaveText, TimeZone: "Local"}).Validate(); wrong["time_zone"] == "" {
		t.Error(`"Local" was taken for a zone`)
	}
}

// TestMachineZone wants the machine's zone by its own name: an entry that says "Local" means nothing on another machine.
func TestMachineZone(t *testing.T) {
	for tz, want := range map[string]string{"Asia/Kathmandu": "Asia/Kathmandu", ":Europe/Paris": "Europe/Paris", "": "UTC"} {
		t.Setenv("TZ", tz)
		h, err := openHouse(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer h.close()
		cfg := history.DefaultConfig()
		h.History, err = history.New(t.Context(), cfg, history.Parts{Store: h.store, Blobs: h.blobs})
		if err != nil {
			t.Fatal(err)
		}
		if e := h.add(t, said("x", day, 1)); e.Zone != want || h.Calendar().Zone.String() != want {
			t.Errorf("TZ=%q: the entry is in %q, the household in %v, want %q", tz, e.Zone, h.Calendar().Zone, want)
		}
	}
}

// TestDiskFull wants no row where the clip could not be written, and no clip where the row could not.
func TestDiskFull(t *testing.T) {
	f := &faulty{}
	h := newHouse(t, t.TempDir(), f.wrap)
	sub := h.Subscribe(9)
	for name, fault := range map[string]*error{"put": &f.put, "insert": &f.insert} {
		*fault = errDisk
		if _, err := h.Add(t.Context(), said("x", day, 2)); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v, want %v", name, err, errDisk)
		}
		*fault = nil
		if rows, clips := h.list(t), h.clips(t); len(rows) != 0 || len(clips) != 0 || len(sub.C()) != 0 {
			t.Errorf("%s failed: %d rows, %d clips, %d changes told", name, len(rows), len(clips), len(sub.C()))
		}
	}
	h.add(t, said("x", day, 2))
	if len(h.list(t)) != 1 || len(h.clips(t)) != 1 || len(sub.C()) != 1 {
		t.Error("it did not go on once there was room again")
	}
}

func TestSubscriptions(t *testing.T) {
	h := newHouse(t, t.TempDir())
	quick, slow := h.Subscribe(10), h.Subscribe(0)
	e := h.add(t, said("one", day, 2))
	h.add(t, said("two", day, 2))
	if _, err := h.Delete(t.Context(), "test", history.Selection{IDs: []string{e.ID, "unknown"}}); err != nil {
		t.Fatal(err)
	}
	if c := <-quick.C(); c.Action != history.Added || !cmp.Equal(c.Entries, []history.Entry{e}) || c.IDs != nil {
		t.Errorf("first %+v", c)
	}
	if c := <-quick.C(); c.Action != history.Added || c.Entries[0].Transcript != "two" {
		t.Errorf("second %+v", c)
	}
	if c := <-quick.C(); c.Action != history.Deleted || c.Entries != nil || !slices.Equal(c.IDs, []string{e.ID}) {
		t.Errorf("third %+v", c)
	}
	if quick.Dropped() != 0 || slow.Dropped() != 2 || len(slow.C()) != 1 {
		t.Errorf("dropped %d and %d, want 0 and 2", quick.Dropped(), slow.Dropped())
	}
	for range 2 {
		quick.Close()
	}
	if _, open := <-quick.C(); open {
		t.Error("it is open after Close")
	}
	h.add(t, said("three", day, 2)) // told to nobody who has gone
	if slow.Dropped() != 3 {
		t.Errorf("dropped %d, want 3", slow.Dropped())
	}
}

// TestNoGhosts deletes an entry in the moment between its row and the news of it: who listens must hear of the addition first, or would
// show for ever what is gone.
func TestNoGhosts(t *testing.T) {
	f := &faulty{}
	h := newHouse(t, t.TempDir(), f.wrap)
	sub := h.Subscribe(9)
	deleted := make(chan error, 1)
	f.inserted = func() {
		go func() {
			_, err := h.Delete(t.Context(), "test", history.Selection{})
			deleted <- err
		}()
		select {
		case err := <-deleted:
			deleted <- err
		case <-time.After(200 * time.Millisecond): // it waits, as it should
		}
	}
	h.add(t, said("x", day, 1))
	if err := <-deleted; err != nil {
		t.Fatal(err)
	}
	if first, second := <-sub.C(), <-sub.C(); first.Action != history.Added || second.Action != history.Deleted {
		t.Errorf("told %s and then %s", first.Action, second.Action)
	}
}

// TestConcurrent adds and deletes at once, and nothing is left over.
func TestConcurrent(t *testing.T) {
	h := newHouse(t, t.TempDir())
	sub := h.Subscribe(1000)
	var adding sync.WaitGroup
	for range 3 {
		adding.Go(func() {
			for range 10 {
				if _, err := h.Add(t.Context(), said("x", day, 1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { adding.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if _, err := h.Delete(t.Context(), "test", history.Selection{}); err != nil {
			t.Fatal(err)
		}
	}
	sub.Close()
	added, gone := 0, 0
	for c := range sub.C() {
		added += len(c.Entries)
		gone += len(c.IDs)
	}
	if added != 30 || gone != 30 || sub.Dropped() != 0 || len(h.list(t)) != 0 || len(h.clips(t)) != 0 || len(h.garbage(t)) != 0 {
		t.Errorf("told %d added, %d deleted; left %d rows, %d clips, %d garbage", added, gone, len(h.list(t)), len(h.clips(t)), len(h.garbage(t)))
	}
}

// TestPrivateFiles wants nothing that another user of the machine could read.
func TestPrivateFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	h := newHouse(t, dir)
	h.add(t, said("x", day, 2))
	seen := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if err == nil && info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		seen[filepath.Ext(path)] = true
		return err
	})
	if err != nil || !seen[".db"] || !seen[".db-wal"] || !seen[".age"] {
		t.Errorf("%v, seen %v", err, seen)
	}
}

func TestOneProcessOnly(t *testing.T) {
	h := newHouse(t, t.TempDir())
	_, err := openHouse(t.Context(), h.dir)
	if err == nil || !strings.HasSuffix(err.Error(), "history.db.lock: another process has it; end that one, or use another folder") {
		t.Errorf("opened twice: %v", err)
	}
	h.reopen(t)
}
