package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
)

// silence writes a WAV file of a tenth of a second, at whose end a satellite has nothing more to do.
func silence(t *testing.T) string {
	t.Helper()
	header := "RIFF\xa4\x0c\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00data\x80\x0c\x00\x00"
	return writeFile(t, "silence.wav", header+strings.Repeat("\x00", 3200))
}

// processorTime is what the program has used of a processor so far.
func (b *bridge) processorTime(t *testing.T) time.Duration {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.process.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	ticks := 0
	for _, field := range fields[11:13] { // user and system, in hundredths of a second
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// TestHundredSatellites shows a hundred satellites of one process, each with all that it has, and measures what they cost while nothing happens.
func TestHundredSatellites(t *testing.T) {
	mosquitto, wav := startBroker(t), silence(t)
	var yaml strings.Builder
	yaml.WriteString("satellites:\n")
	for i := range 100 {
		fmt.Fprintf(&yaml, "  - {id: room%02d, wake_words: [okay_nabu], microphone: {driver: file, device: %s}}\n", i, wav)
	}
	fmt.Fprintf(&yaml, "models: {dir: MODELS}\nmqtt: {url: \"mqtt://127.0.0.1:%d\"}\nhistory: {dir: DATA}\nserver: {listen: LISTEN}\n", mosquitto.port)
	began := time.Now()
	b := startBridge(t, yaml.String())
	testkit.Within(t, patience, "every satellite's device and numbers", func() bool {
		for i := range 100 {
			if mosquitto.last(fmt.Sprintf("homeassistant/device/earshot_room%02d/config", i)) == "" || mosquitto.last(fmt.Sprintf("earshot/room%02d/recordings", i)) == "" {
				return false
			}
		}
		return true
	})
	t.Logf("announced, with all states, %.2f s after the start of the program", time.Since(began).Seconds())
	const watched = 10 * time.Second // two looks at the levels
	before := b.processorTime(t)
	began = time.Now()
	testkit.Within(t, watched+patience, "a while", func() bool { return time.Since(began) > watched })
	used := b.processorTime(t) - before
	t.Logf("idle: %.1f %% of a core", 100*used.Seconds()/time.Since(began).Seconds())
	messages := len(mosquitto.all("#"))
	t.Logf("%d messages", messages)
	if strings.Contains(b.log.String(), "messages were lost") {
		t.Error("messages were lost")
	}
}
