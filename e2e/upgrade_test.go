package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history/postgres/postgrestest"
	"earshot/history/s3/s3test"
	"earshot/history/sqlite"
	"earshot/internal/testkit"
	"earshot/internal/wyoming/wyomingtest"
)

// makeInstallations has earlier versions of the program, built from this repository, make testdata/installations again:
// go test ./e2e -run TestUpgrade -installations
var makeInstallations = flag.Bool("installations", false, "have earlier versions of the program make testdata/installations anew")

// installations are earlier versions, by the commits that they are built from, whose data folders are kept in testdata/installations: for each
// schema the last or the first program that had it, and the last one before a change of what else is in the folder.
func installations() map[string]string {
	return map[string]string{
		"first":  "c384efc", // 2026-11-24, sqlite 0001, clips unsealed
		"parts":  "e0c4b6a", // 2026-11-24, sqlite 0002, clips sealed
		"marked": "c414bfb", // 2026-11-28, near misses, samples, verifiers
	}
}

// installed is what an earlier version has said of its own data.
type installed struct {
	Version  string
	Token    string            // of the role listen
	Revoked  string            // a token that was valid once
	Entries  []map[string]any  // as listed
	Sounds   map[string]string // SHA-256 of the WAV files
	Settings map[string]any    // of the satellite; nil where that version had none
	Accesses []any             // nil where that version had no access log
}

const installation = `
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %q, loop: %v}}
models: {dir: MODELS}
mqtt: {embedded: false}
stt: {wyoming: "%s", language: en}
server: {listen: LISTEN}
history:
  dir: DATA
  time_zone: Europe/Berlin
`

// TestUpgrade starts this program on the data of every earlier version whose data was different, each of which was killed: everything
// is there, and what was deleted is not.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	for name, commit := range installations() {
		t.Run(name, func(t *testing.T) {
			archive := filepath.Join("testdata", "installations", name)
			if *makeInstallations {
				b := install(t, commit, archive, "")
				pack(t, filepath.Join(b.dir, "data"), archive+".tar.gz")
			}
			dir := t.TempDir()
			unpack(t, archive+".tar.gz", dir)
			checkUpgrade(t, dir, readInstalled(t, archive), "")
			checkSchema(t, filepath.Join(dir, "history.db"))
		})
	}
}

// TestUpgradeShared does the same with a history in PostgreSQL, brought over by that server's own tools, and S3.
func TestUpgradeShared(t *testing.T) {
	t.Parallel()
	archive := filepath.Join("testdata", "installations", "shared")
	const commit = "e0c4b6a" // 2026-11-24, postgres 0001, which is the only one so far
	if *makeInstallations {
		s := startShared(t)
		b := install(t, commit, archive, s.settings())
		parts := t.TempDir()
		for from, to := range map[string]string{filepath.Join(b.dir, "data"): "data", filepath.Join(s.s3.Dir(), "buckets", "clips"): "clips"} {
			if err := os.CopyFS(filepath.Join(parts, to), os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
		}
		s.tool("pg_dump", "--schema=earshot", "--no-owner", "--file="+filepath.Join(parts, "dump.sql"), s.database)
		pack(t, parts, archive+".tar.gz")
	}
	s, parts := startShared(t), t.TempDir()
	unpack(t, archive+".tar.gz", parts)
	s.tool("psql", "--quiet", "--set=ON_ERROR_STOP=1", "--file="+filepath.Join(parts, "dump.sql"), s.database)
	if err := os.CopyFS(filepath.Join(s.s3.Dir(), "buckets", "clips"), os.DirFS(filepath.Join(parts, "clips"))); err != nil {
		t.Fatal(err)
	}
	checkUpgrade(t, filepath.Join(parts, "data"), readInstalled(t, archive), s.settings())
}

func startShared(t *testing.T) *shared {
	t.Helper()
	s := &shared{t: t, postgres: postgrestest.Start(t), s3: s3test.Start(t)}
	s.s3.Bucket("clips")
	s.database = s.postgres.Database()
	return s
}

// settings are those of a history, in the form of installation.
func (s *shared) settings() string {
	return fmt.Sprintf("  postgres: {url: %q}\n  s3: {endpoint: %q, bucket: clips, access_key: %s, secret_key: %s}\n",
		s.database, s.s3.Endpoint(), s.s3.AccessKey(), s.s3.SecretKey())
}

// tool runs one of PostgreSQL's programs.
func (s *shared) tool(name string, args ...string) {
	s.t.Helper()
	if out, err := exec.CommandContext(s.t.Context(), lookPath(s.t, name), args...).CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func readInstalled(t *testing.T, archive string) (was installed) {
	t.Helper()
	data, err := os.ReadFile(archive + ".json")
	if err == nil {
		err = json.Unmarshal(data, &was)
	}
	if err != nil {
		t.Fatal(err)
	}
	return was
}

// checkSchema wants a database that was brought over to be like a new one.
func checkSchema(t *testing.T, path string) {
	t.Helper()
	fresh := filepath.Join(t.TempDir(), "history.db")
	s, err := sqlite.Open(t.Context(), fresh)
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string) (lines []string) {
		db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		rows, err := db.QueryContext(t.Context(), `SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema UNION ALL SELECT name FROM migrations ORDER BY 1`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return lines
	}
	if diff := cmp.Diff(read(fresh), read(path)); diff != "" {
		t.Errorf("the schema (-new +brought over):\n%s", diff)
	}
}

// interrupt kills the program while it brings the data over, at moments further and further from its beginning.
func interrupt(t *testing.T, b *bridge) {
	t.Helper()
	for n := range 12 {
		cmd := exec.Command(b.program, "history", "stats", "--config", b.config)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(n)*10*time.Millisecond, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // killed, or done
		timer.Stop()
	}
}

// checkUpgrade starts the program twice, after starts that were cut off: the second time there is nothing to bring over any more.
func checkUpgrade(t *testing.T, dir string, was installed, settings string) {
	t.Helper()
	stt := wyomingtest.New(t)
	b := prepareBridge(t, strings.ReplaceAll(fmt.Sprintf(installation, silence(t), false, stt.Addr()), "DATA", dir)+settings)
	interrupt(t, b)
	for range 2 {
		b.restart(t)
		testkit.Within(t, patience, "the bridge answers", func() bool { return b.health() != 0 })
		c := b.dialWith(t, was.Token)
		list := c.entries()
		if len(list) != len(was.Entries) {
			t.Fatalf("%d entries, want %d", len(list), len(was.Entries))
		}
		for n, want := range was.Entries {
			for key := range want { // newer versions say more
				if diff := cmp.Diff(want[key], list[n][key]); diff != "" {
					t.Errorf("entry %d, %s (-want +got):\n%s", n, key, diff)
				}
			}
		}
		if diff := cmp.Diff(was.Sounds, sounds(t, b, c)); diff != "" || len(was.Sounds) == 0 {
			t.Errorf("the sounds are others (-want +got):\n%s", diff)
		}
		if _, ok := c.call("history/delete_range", map[string]any{"period": "all", "confirm": true}); ok {
			t.Error("a token that may listen may delete now")
		}
		if status, _ := b.scrape(t, was.Revoked); status != 401 {
			t.Errorf("a token that was revoked: status %d", status)
		}
		admin := b.dial(t, "admin")
		if was.Settings != nil {
			got := settingsOf(admin)
			for key, want := range was.Settings {
				if diff := cmp.Diff(want, got[key]); diff != "" {
					t.Errorf("setting %s (-want +got):\n%s", key, diff)
				}
			}
		}
		checkAccesses(t, admin, was.Accesses)
		if v := admin.must("history/verify", nil); v["clips"] != float64(len(was.Sounds)) || len(v["problems"].([]any)) != 0 || v["garbage"] != 0.0 {
			t.Errorf("verify: %v", v)
		}
		b.stop(t)
	}
}

// checkAccesses wants every line of the access log that was there.
func checkAccesses(t *testing.T, c *client, want []any) {
	t.Helper()
	got := map[any]any{}
	for _, line := range c.must("access_log/list", nil)["lines"].([]any) {
		got[line.(map[string]any)["id"]] = line
	}
	for _, line := range want {
		had := line.(map[string]any)
		const age = 400 * 24 * time.Hour // older ones are forgotten
		if at, err := time.Parse(time.RFC3339, had["at"].(string)); err != nil || time.Since(at) > age {
			continue
		}
		if diff := cmp.Diff(line, got[had["id"]]); diff != "" {
			t.Errorf("a line of the access log (-want +got):\n%s", diff)
		}
	}
}

// settingsOf are what is set for the satellite of an installation.
func settingsOf(c *client) map[string]any {
	c.t.Helper()
	result, ok := c.call("settings/get", nil)
	if !ok {
		return nil
	}
	return result["satellites"].([]any)[0].(map[string]any)
}

// sounds are what the recordings sound like.
func sounds(t *testing.T, b *bridge, c *client) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, e := range c.entries() {
		if e["clip"] == nil {
			continue
		}
		id := e["id"].(string)
		status, wav := b.download(t, c.must("clips/sign", map[string]any{"entry_id": id})["url"].(string)+"&format=wav")
		sum := sha256.Sum256(wav)
		if all[id] = hex.EncodeToString(sum[:]); status != 200 {
			t.Errorf("the sound of an entry: status %d", status)
		}
	}
	return all
}

// install has an earlier version make an installation, which is killed as by a power cut.
func install(t *testing.T, commit, archive, settings string) *bridge {
	t.Helper()
	stt := wyomingtest.New(t)
	var said []wyomingtest.Reply
	for n := range 20 {
		said = append(said, wyomingtest.Reply{Text: fmt.Sprintf("switch on lamp number %d, Tür", n)})
	}
	stt.Script(said...)
	b := prepareBridge(t, fmt.Sprintf(installation, shortCommand(t), true, stt.Addr())+settings)
	b.program = earlier(t, commit)
	b.restart(t)
	testkit.Within(t, patience, "the bridge answers", func() bool { return b.health() != 0 })
	was := installed{Version: commit, Token: b.token(t, "listen"), Revoked: b.token(t, "read")}
	if out, err := exec.Command(b.program, "token", "revoke", "--config", b.config, "--name", "read 2").CombinedOutput(); err != nil {
		t.Fatalf("revoke a token: %v\n%s", err, out)
	}
	admin := b.dial(t, "admin")
	const enough = 3
	testkit.Within(t, patience, "there are recordings", func() bool { return len(admin.entries()) >= enough })
	admin.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})
	testkit.Within(t, patience, "the microphone is idle", func() bool {
		return admin.must("satellites/list", nil)["satellites"].([]any)[0].(map[string]any)["state"] == "idle"
	})
	ids := []string{}
	for _, e := range admin.entries() {
		ids = append(ids, e["id"].(string))
	}
	for _, id := range ids[:len(ids)-2] {
		admin.call("history/delete", map[string]any{"ids": []string{id}}) // with a shared history, some versions called it incomplete when it was not
	}
	if _, ok := admin.call("history/update", map[string]any{"ids": ids[len(ids)-1:], "kept": true, "label": "mistake"}); ok {
		admin.must("settings/update", map[string]any{"satellite": "kitchen", "save": "text", "failed": "50y"})
	}
	listener := b.dialWith(t, was.Token)
	was.Entries, was.Sounds, was.Settings = admin.entries(), sounds(t, b, listener), settingsOf(admin)
	if log, ok := admin.call("access_log/list", nil); ok {
		was.Accesses = log["lines"].([]any)
	}
	b.kill(t)
	data, err := json.MarshalIndent(was, "", "\t")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(archive), 0o755)
	}
	if err == nil {
		err = os.WriteFile(archive+".json", append(data, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// earlier builds the program of a commit.
func earlier(t *testing.T, commit string) string {
	t.Helper()
	dir := t.TempDir()
	script := `git archive "$1" | tar -x -C "$2" && cd "$2" && go build -ldflags "-X main.version=$1" -o earlier ./cmd/earshot`
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", script, "sh", commit, dir)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the program of %s: %v\n%s", commit, err, out)
	}
	return filepath.Join(dir, "earlier")
}

// pack writes what is in a folder into an archive.
func pack(t *testing.T, dir, archive string) {
	t.Helper()
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	err = w.AddFS(os.DirFS(dir))
	if err = errors.Join(err, w.Close(), z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// unpack writes what is in an archive into a folder.
func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(head.Name))
		if head.FileInfo().IsDir() {
			err = os.MkdirAll(path, 0o700)
		} else if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			var data []byte
			if data, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, data, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestDowngrade has the program refuse what a newer one has changed, say what to do, and leave it as it is.
func TestDowngrade(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	config := writeFile(t, "config.yaml", fmt.Sprintf("satellites: [{id: a, wake_words: [okay_nabu]}]\nmodels: {dir: %s}\nmqtt: {embedded: false}\nhistory: {dir: %s}\n", absolute(t, "../models"), dir))
	if code, out := exitCode(t, "history", "stats", "--config", config); code != 0 {
		t.Fatalf("make a history: %s", out)
	}
	path := filepath.Join(dir, "history.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err == nil {
		_, err = db.ExecContext(t.Context(), `INSERT INTO migrations (name) VALUES ('migrations/9999_future.sql')`)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"run"}, {"history", "list"}, {"backup", filepath.Join(t.TempDir(), "backup")}} {
		code, out := exitCode(t, append(command, "--config", config)...)
		if code != 1 || !strings.Contains(out, "a newer version of Earshot has changed the history database") || !strings.Contains(out, "restore a backup") {
			t.Errorf("earshot %v: %d, %s", command, code, out)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the database was changed: %v", err)
	}
	if aside, _ := filepath.Glob(filepath.Join(dir, "damaged-*")); len(aside) != 0 {
		t.Errorf("set aside: %v", aside)
	}
}
