package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
)

// TestExamples runs the programs of the folder examples: each lists a recording and is told of the next.
func TestExamples(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	testkit.Within(t, 30*time.Second, "a recording", func() bool { return c.recordings() > 0 })
	for _, args := range [][]string{
		{lookPath(t, "python3"), "../examples/history.py"},
		{lookPath(t, "node"), "--experimental-websocket", "../examples/history.mjs"},
	} {
		before := c.recordings()
		cmd := exec.CommandContext(t.Context(), args[0], append(args[1:], c.listen)...)
		cmd.Env = append(os.Environ(), "EARSHOT_TOKEN="+c.token(t, "read"))
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		recording := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\S+  kitchen  okay_nabu  recorded`)
		lines := bufio.NewScanner(out)
		for n := range before + 1 { // one more than there was
			if !lines.Scan() || !recording.MatchString(lines.Text()) {
				t.Errorf("%v, line %d: %q", args, n+1, lines.Text())
				break
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()

		wrong := exec.CommandContext(t.Context(), args[0], append(args[1:], c.listen)...)
		wrong.Env = append(os.Environ(), "EARSHOT_TOKEN=earshot_wrong")
		said, err := wrong.CombinedOutput()
		if err == nil || !strings.Contains(string(said), "Invalid access token") {
			t.Errorf("%v with a wrong token: %v, %s", args, err, said)
		}
	}
}
