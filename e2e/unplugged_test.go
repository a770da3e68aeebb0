package e2e

import (
	"testing"
	"time"

	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// pluggable is a satellite whose microphone comes and goes.
const pluggable = `
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: pulse, device: mic.monitor}}
models: {dir: MODELS}
mqtt: {embedded: false}
history: {dir: DATA}
server: {listen: LISTEN}
`

// TestDrillUnplugged pulls the microphone out again and again, while nothing is said and in the middle of a command: it comes back by itself each
// time, and hears the next word.
func TestDrillUnplugged(t *testing.T) {
	t.Parallel()
	times := 10
	if *drill {
		times = 100
	}
	pulse := audiotest.StartPulse(t)
	sink := pulse.LoadNullSink("mic")
	b := startBridge(t, pluggable, pulse.Env()...)
	testkit.Within(t, patience, "the microphone is heard", func() bool { return b.health() == 200 })
	token := b.token(t, "admin")
	c := b.dialWith(t, token)
	wav := shortCommand(t)
	var series []vitals
	var longest time.Duration
	for i := range times {
		played := make(chan struct{})
		close(played)
		if i%5 == 4 {
			played = make(chan struct{})
			wakes := sample(t, b.metrics(t, token), "earshot_wakes_total")
			go func() {
				defer close(played)
				_ = pulse.Play(wav, "mic") // the sink goes away meanwhile
			}()
			testkit.Within(t, patience, "the wake word is heard", func() bool { return sample(t, b.metrics(t, token), "earshot_wakes_total") > wakes })
		}
		pulse.Unload(sink)
		testkit.Within(t, patience, "the microphone is missed", func() bool { return b.health() == 503 })
		<-played
		sink = pulse.LoadNullSink("mic")
		took := testkit.Within(t, patience, "the microphone is found again", func() bool { return b.health() == 200 })
		longest = max(longest, took)
		series = append(series, b.vitals(t, token))
		if *drill {
			t.Logf("%d: found again after %.1f s, %v", i+1, took.Seconds(), series[i])
		}
	}
	t.Logf("unplugged %d times, found again within %.1f s", times, longest.Seconds())
	n := times / 5
	testkit.Within(t, patience, "the commands that were cut off are stored", func() bool { return len(c.entries()) == n })
	// With two seconds before the word: in less sound than that after the last wake word another one does not count.
	if err := pulse.Play("../testdata/audio/okay_nabu_light_on.wav", "mic"); err != nil {
		t.Fatal(err)
	}
	testkit.Within(t, patience, "what is said after that is stored", func() bool { return len(c.entries()) == n+1 })
	if e := c.entries()[0]; e["outcome"] != "recorded" || e["clip"] == nil {
		t.Errorf("the entry is %v", e)
	}
	if got := pulse.Recordings(); got != 1 {
		t.Errorf("%d streams record from the sound server", got)
	}
	if *drill {
		checkFlat(t, series)
	}
	b.settle(t, token, series[1]) // at the first one it was hardly warm
}
