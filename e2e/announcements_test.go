package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"earshot/history"
	"earshot/internal/audio"
	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// loudspeakers are what an aplay of ours has been given to play, a file each.
type loudspeakers struct {
	t      *testing.T
	folder string
}

func newLoudspeakers(t *testing.T) *loudspeakers {
	t.Helper()
	l := &loudspeakers{t, t.TempDir()}
	script := fmt.Sprintf(`#!/bin/sh
for argument; do
	case $argument in
	--rate=*) rate=${argument#*=} ;;
	--channels=*) channels=${argument#*=} ;;
	--device=*) device=${argument#*CARD=} ;;
	esac
done
cat >"$(mktemp "%s/${device%%%%,*}.$rate.$channels.XXXXXX")"
`, l.folder)
	if err := os.WriteFile(filepath.Join(l.folder, "aplay"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return l
}

// path is a search path of programs in which ours comes first.
func (l *loudspeakers) path() string {
	return "PATH=" + l.folder + string(os.PathListSeparator) + os.Getenv("PATH")
}

// played is what a satellite has played, as raw sound by the names of the files.
func (l *loudspeakers) played(satellite string) map[string][]byte {
	l.t.Helper()
	files, err := filepath.Glob(filepath.Join(l.folder, satellite+".*"))
	if err != nil {
		l.t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		if all[file], err = os.ReadFile(file); err != nil {
			l.t.Fatal(err)
		}
	}
	return all
}

// times is how often a satellite has played a sound to its end.
func (l *loudspeakers) times(satellite string, sound []byte) (n int) {
	l.t.Helper()
	for _, played := range l.played(satellite) {
		if bytes.Equal(played, sound) {
			n++
		}
	}
	return n
}

// spoken is what a satellite has said while something was done, as somebody in the room hears it: lower case, "" for a satellite that was silent.
func (h *integrated) spoken(l *loudspeakers, satellite string, do func()) string {
	h.t.Helper()
	before := l.played(satellite)
	do()
	said := l.played(satellite)
	maps.DeleteFunc(said, func(file string, _ []byte) bool { return before[file] != nil })
	if len(said) == 0 {
		return ""
	}
	files := slices.SortedFunc(maps.Keys(said), func(a, b string) int { return len(said[b]) - len(said[a]) })
	file := files[0] // the other is the satellite's own sound before it
	var format struct{ rate, channels int }
	if _, err := fmt.Sscanf(filepath.Base(file), satellite+".%d.%d.", &format.rate, &format.channels); err != nil {
		h.t.Fatal(err)
	}
	pcm, err := audio.ReadWAV(bytes.NewReader(audiotest.WAV(said[file], format.rate, format.channels)))
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.ToLower(h.home.Transcribe(h.t, history.WAV(pcm)))
}

// checkMessage has Home Assistant's text-to-speech say something on a satellite. All of it has been said when the action is over.
func (h *integrated) checkMessage(l *loudspeakers, entity string) {
	h.t.Helper()
	said := h.spoken(l, "kitchen", func() {
		h.home.Call(h.t, "assist_satellite", "announce", map[string]any{
			"entity_id": entity, "message": "The washing machine is ready. Please open the window.", "preannounce": false,
		})
	})
	if !strings.Contains(said, "washing machine") || !strings.Contains(said, "window") {
		h.t.Errorf("the message as it was heard: %q", said)
	}
}

// checkBroadcast tells the whole house something: by Home Assistant's own words, and by voice, when the satellite that was spoken to is silent.
func (h *integrated) checkBroadcast(l *loudspeakers, kitchen string) {
	t := h.t
	t.Helper()
	for name, tc := range map[string]struct {
		by      func()
		kitchen bool
	}{
		"text": {func() {
			h.home.Post(t, "/api/conversation/process", map[string]any{"text": "broadcast dinner is ready"}, nil)
		}, true},
		"voice": {func() { h.home.Say(t, "broadcast dinner is ready", kitchen) }, false},
	} {
		inKitchen, inOffice := "", ""
		inKitchen = h.spoken(l, "kitchen", func() { inOffice = h.spoken(l, "office", tc.by) })
		heard := func(said string) bool { return strings.Contains(said, "dinner") && strings.Contains(said, "ready") }
		if !heard(inOffice) || heard(inKitchen) != tc.kitchen || inKitchen == "" == tc.kitchen {
			t.Errorf("broadcast by %s: %q in the kitchen, %q in the office", name, inKitchen, inOffice)
		}
	}
}

// checkDeletedDevice deletes the satellite's MQTT device, which stays away while the bridge runs; the entity goes on announcing. It is on the device that
// the bridge makes when it starts again, and so are timers.
func (h *integrated) checkDeletedDevice(l *loudspeakers, entity, device string) {
	t := h.t
	t.Helper()
	h.home.DeleteDevice(t, device)
	wake := func() string {
		_, device := h.home.EntityByUniqueID(t, "mqtt", "earshot_kitchen_wake")
		return device
	}
	testkit.Within(t, 30*time.Second, "the bridge knows that its device was deleted", func() bool {
		return strings.Contains(h.bridge.log.String(), "the device was deleted in Home Assistant")
	})
	testkit.Within(t, 30*time.Second, "the device's entities are gone", func() bool { return wake() == "" })
	h.checkMessage(l, entity)
	h.bridge.stop(t)
	h.bridge.restart(t)
	testkit.Within(t, 60*time.Second, "MQTT's device is there again", func() bool { return wake() != "" })
	h.awaitOnline()
	device = wake()
	testkit.Within(t, 30*time.Second, "the satellite's entity is on it", func() bool {
		now, on := h.home.EntityByUniqueID(t, "earshot", "bridge_kitchen_assist_satellite")
		return now == entity && on == device
	})
	h.home.WaitState(t, entity, "idle", 30*time.Second)
	h.checkMessage(l, entity)
	h.home.Converse(t, "conversation.home_assistant", false)
	h.home.Say(t, "set a timer for 10 minutes", device)
	if timers := h.home.States(t)[entity].Attributes["timers"].([]any); len(timers) != 1 {
		t.Errorf("timers on the new device: %v", timers)
	}
}
