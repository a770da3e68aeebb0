package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
	"earshot/internal/wyoming/wyomingtest"
)

// saved is a bridge that records again and again, and the folder that it is backed up to.
type saved struct {
	t *testing.T
	*bridge
	data, dir string
	*client
}

const savedYAML = `
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %q, loop: %v}}
models: {dir: %q}
mqtt: {embedded: false}
stt: {wyoming: "%s", language: en}
history: {dir: DATA, time_zone: UTC}
server: {listen: LISTEN}
log: {level: debug}
`

// run runs a command of the program and wants it to end with a code, saying something.
func (s *saved) run(code int, says string, args ...string) {
	s.t.Helper()
	got, out := exitCode(s.t, append(args, "--config", s.config)...)
	if got != code || !strings.Contains(out, says) {
		s.t.Errorf("earshot %s: exit code %d, want %d; says %q, want %q in it", strings.Join(args, " "), got, code, out, says)
	}
}

// at goes on with another data folder.
func (s *saved) at(dir string) {
	s.t.Helper()
	config, err := os.ReadFile(s.config)
	if err == nil {
		err = os.WriteFile(s.config, []byte(strings.ReplaceAll(string(config), s.data, dir)), 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.data = dir
}

// begin starts the bridge, and signs in.
func (s *saved) begin() {
	s.t.Helper()
	s.restart(s.t)
	testkit.Within(s.t, patience, "the bridge answers", func() bool { return s.health() != 0 })
	s.client = s.bridge.dial(s.t, "admin")
}

// ids are those of the entries, the newest first.
func (s *saved) ids() (ids []string) {
	s.t.Helper()
	for _, e := range s.must("history/list", map[string]any{"period": "all", "limit": 500})["entries"].([]any) {
		ids = append(ids, e.(map[string]any)["id"].(string))
	}
	return ids
}

// plays tells whether an entry can be heard.
func (s *saved) plays(id string) bool {
	s.t.Helper()
	link, ok := s.call("clips/sign", map[string]any{"entry_id": id})
	if !ok {
		return false
	}
	status, wav := s.download(s.t, link["url"].(string)+"&format=wav")
	return status == 200 && len(wav) > 10_000
}

// TestBackup backs a bridge up while it records and deletes, and brings that back in every way there is: what was deleted since stays deleted
// where there is a history that can tell, and everything else plays.
func TestBackup(t *testing.T) {
	t.Parallel()
	stt := wyomingtest.New(t)
	stt.Script(wyomingtest.Reply{Text: "there is a " + marker})
	models := modelsWithOwn(t)
	s := &saved{t: t, bridge: prepareBridge(t, fmt.Sprintf(savedYAML, shortCommand(t), true, models, stt.Addr())), dir: filepath.Join(t.TempDir(), "backup")}
	s.data = filepath.Join(s.bridge.dir, "data")
	fillHistory(t, s.data, 120)
	s.begin()
	before := len(s.ids())
	testkit.Within(t, patience, "a recording is stored", func() bool { return len(s.ids()) > before })
	s.checkWhileDeleting()

	ids := s.ids() // all of which the backup has
	s.run(0, "0 clips that are deleted went from it", "backup", s.dir)
	s.run(1, "--force brings it up to date", "backup", s.dir)
	s.run(1, "holds something else", "backup", s.bridge.dir)
	s.run(1, "end it first", "restore", s.dir)
	s.checkPrivate(s.dir)
	gone, silent, wordless := ids[0], ids[1], ids[2]
	s.must("history/delete", map[string]any{"ids": []string{gone}})
	s.must("history/delete_range", map[string]any{"ids": []string{silent}, "what": "audio", "confirm": true})
	s.must("history/delete_range", map[string]any{"ids": []string{wordless}, "what": "text", "confirm": true})
	s.checkMerge(ids, gone, silent, wordless)
	s.checkMoved(gone)
	s.checkBegunAnew(gone)
	s.checkUpToDate(gone)
}

// modelsWithOwn is the folder of models with a file of the household's own in it.
func modelsWithOwn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files, err := os.ReadDir("../models")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !f.IsDir() {
			copied(t, filepath.Join("../models", f.Name()), dir)
		}
	}
	own := filepath.Join(dir, "own")
	if err := os.MkdirAll(own, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(own, "note.txt"), []byte("ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// checkWhileDeleting makes backups while recordings are deleted: each of them is whole, of one moment.
func (s *saved) checkWhileDeleting() {
	s.t.Helper()
	for n := range 3 {
		dir, empty := filepath.Join(s.t.TempDir(), "backup"), filepath.Join(s.t.TempDir(), "data")
		cmd := exec.Command(program, "backup", dir, "--config", s.config)
		out := start(s.t, cmd)
		list := s.ids()
		for _, id := range list[20*n+5 : 20*n+20] {
			s.must("history/delete", map[string]any{"ids": []string{id}})
		}
		testkit.Within(s.t, patience, "the backup is made", func() bool { return strings.Contains(out.String(), "keep it as private") })
		config := writeFile(s.t, "config.yaml", fmt.Sprintf("satellites: [{id: a, wake_words: [okay_nabu]}]\nmodels: {dir: %s}\nhistory: {dir: %s}\n", s.t.TempDir(), empty))
		if code, said := exitCode(s.t, "restore", dir, "--config", config); code != 0 || !strings.Contains(said, ", 0 problems") {
			s.t.Errorf("backup %d: %d, %s", n, code, said)
		}
	}
}

// checkPrivate wants nobody else to be able to read a backup, and all of it there.
func (s *saved) checkPrivate(dir string) {
	s.t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			s.t.Errorf("%s can be read by others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range []string{"history.db", "clips/identity", "tokens.json", "config.yaml", "models/own/note.txt", "backup.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			s.t.Errorf("it is not in the backup: %v", err)
		}
	}
}

// checkMerge brings the backup back into the history that it was made of, which has lost a clip.
func (s *saved) checkMerge(ids []string, gone, silent, wordless string) {
	s.t.Helper()
	before := s.ids()[0]
	newest := before
	testkit.Within(s.t, patience, "another recording is stored", func() bool { newest = s.ids()[0]; return newest != before })
	s.kill(s.t)
	s.run(0, "keep it as private", "backup", filepath.Join(s.t.TempDir(), "after-a-kill"))
	lost := ids[4]
	if err := os.Remove(filepath.Join(s.data, "clips", lost[:4], lost+".age")); err != nil {
		s.t.Fatal(err)
	}
	s.run(1, "--merge puts back", "restore", s.dir)
	s.run(0, "0 recordings are back, and the sound of 1 more", "restore", "--merge", s.dir)
	s.run(0, "0 recordings are back, and the sound of 0 more", "restore", "--merge", s.dir)
	s.begin()
	now := strings.Join(s.ids(), " ")
	if strings.Contains(now, gone) || !strings.Contains(now, newest) {
		s.t.Error("what was deleted is there, or what was recorded since is not")
	}
	if !s.plays(lost) || !s.plays(newest) || s.plays(gone) || s.plays(silent) || !s.plays(wordless) {
		s.t.Errorf("plays: lost %v, newest %v, deleted %v, without sound %v, without words %v",
			s.plays(lost), s.plays(newest), s.plays(gone), s.plays(silent), s.plays(wordless))
	}
	if e := s.must("history/get", map[string]any{"entry_id": wordless}); strings.Contains(fmt.Sprint(e), marker) {
		s.t.Error("words that were deleted are back")
	}
	s.checkWhole()
}

// checkWhole wants every entry to have what it should.
func (s *saved) checkWhole() {
	s.t.Helper()
	s.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})
	if v := s.must("history/verify", nil); len(v["problems"].([]any)) != 0 || v["orphans"] != 0.0 || v["garbage"] != 0.0 {
		s.t.Errorf("verify: %v", v)
	}
}

// checkMoved brings the backup back where nothing is.
func (s *saved) checkMoved(gone string) {
	s.t.Helper()
	token := s.token(s.t, "listen")
	s.run(0, "recordings", "backup", filepath.Join(s.t.TempDir(), "with-token"))
	s.stop(s.t)
	s.at(filepath.Join(s.t.TempDir(), "moved"))
	s.run(0, "note: what was deleted after", "restore", s.dir)
	s.run(1, "--merge puts back", "restore", s.dir)
	s.begin()
	if !s.plays(gone) { // nothing here can know of the deletion, and the command has said so
		s.t.Error("a recording of the backup cannot be heard")
	}
	if status, _ := s.scrape(s.t, token); status != 401 {
		s.t.Errorf("a token that was made after the backup: %d", status)
	}
	s.checkWhole()
	s.stop(s.t)
}

// checkBegunAnew brings the backup back into another history, which knows of a deletion by its access log.
func (s *saved) checkBegunAnew(gone string) {
	s.t.Helper()
	s.at(filepath.Join(s.t.TempDir(), "new"))
	s.begin()
	s.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})
	s.must("history/delete_range", map[string]any{"period": "last_hour", "confirm": true})
	s.stop(s.t)
	_, out := exitCode(s.t, "restore", "--merge", s.dir, "--config", s.config)
	if found := regexp.MustCompile(`^([1-9]\d*) recordings are back.* ([1-9]\d*) were deleted since`).FindStringSubmatch(out); found == nil {
		s.t.Errorf("restore --merge: %s", out)
	}
	s.begin()
	if s.plays(gone) || strings.Contains(strings.Join(s.ids(), " "), gone) {
		s.t.Error("a recording of the last hour is back, all of which were deleted")
	}
	if all := s.ids(); len(all) < 30 || !s.plays(all[0]) {
		s.t.Errorf("%d recordings are back", len(all))
	}
	s.checkWhole()
	s.stop(s.t)
}

// checkUpToDate backs up to the same folder again, and looks for what was deleted in every byte of it.
func (s *saved) checkUpToDate(gone string) {
	s.t.Helper()
	s.run(1, "it holds the clips of another history", "backup", "--force", s.dir)
	s.at(filepath.Join(s.bridge.dir, "data"))
	s.begin()
	s.must("history/delete_range", map[string]any{"text": marker, "include_kept": true, "confirm": true})
	s.run(0, "went from it", "backup", "--force", s.dir)
	s.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})
	s.idle()
	s.run(0, "went from it", "backup", "--force", s.dir)
	s.stop(s.t)
	s.run(0, "(0 new, 0.0 MB)", "backup", "--force", s.dir)
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(strings.ToLower(string(data)), marker) || strings.Contains(path, gone) {
			s.t.Errorf("%s still holds what was deleted", path)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.at(filepath.Join(s.t.TempDir(), "again"))
	s.run(0, ", 0 problems", "restore", s.dir)
	s.checkKilled()
}

// checkKilled kills the making of a backup, and its way back, at moments further and further from their beginning; each time the same command goes on.
func (s *saved) checkKilled() {
	s.t.Helper()
	dir := filepath.Join(s.t.TempDir(), "killed")
	killed := func(n int, args ...string) {
		cmd := exec.Command(program, append(args, "--config", s.config)...)
		if err := cmd.Start(); err != nil {
			s.t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(n)*30*time.Millisecond, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		_ = cmd.Wait()
	}
	for n := range 8 {
		killed(n, "backup", "--force", dir)
	}
	s.run(0, "keep it as private", "backup", "--force", dir)
	s.at(filepath.Join(s.t.TempDir(), "again"))
	for n := range 8 {
		killed(n, "restore", dir)
	}
	if _, err := os.Stat(filepath.Join(s.data, "history.db")); err != nil {
		s.run(0, ", 0 problems", "restore", dir)
	}
	s.run(0, "clips that can be played", "history", "verify")
	for _, dir := range []string{dir, s.data} {
		if left, err := filepath.Glob(filepath.Join(dir, "*.new")); err != nil || len(left) != 0 {
			s.t.Errorf("left over: %v, %v", left, err)
		}
	}
}
