package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/internal/testkit"
)

// TestDashboard adds the bridge to the real Home Assistant as a person does, and uses its card, its page in the sidebar and its media browser
// in a real browser: web/e2e/hass has what is done. In the end nothing of what was shown, heard, searched and deleted is anywhere in Home Assistant. When EARSHOT_SHOTS names a folder, it puts pictures there.
func TestDashboard(t *testing.T) {
	t.Parallel()
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			home := lab.Start(t, lab.Options{Version: version, Integration: "../custom_components/earshot"})
			data := testkit.MemoryDir(t)
			fillHistory(t, data, 120)
			silence, err := filepath.Abs("../testdata/audio/okay_nabu_silence.wav")
			if err != nil {
				t.Fatal(err)
			}
			b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, name: Kitchen, area: Kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %s}}
models: {dir: MODELS}
mqtt: {url: "%s"}
history: {dir: %s, time_zone: Europe/Berlin}
server: {listen: LISTEN}
`, silence, home.Broker(), data))
			testkit.Within(t, 60*time.Second, "the bridge answers", func() bool { return b.health() != 0 })
			shots := os.Getenv("EARSHOT_SHOTS")
			if shots == "" {
				shots = t.TempDir()
			}
			b.browse(t, "e2e/hass/", nil, "HASS_URL="+home.URL(), "HASS_TOKEN="+home.Token(), "HASS_PLAIN_TOKEN="+home.PlainToken(),
				"HASS_VERSION="+version, "EARSHOT_SHOTS="+shots)
			checkNothingKept(t, home, "hallway")
		})
	}
}
