package audio

import (
	"testing"
	"testing/synctest"
	"time"
)

// The watchdog bites when one wait takes too long, at that moment, however many came before, and whatever the patience was then.
func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		bites := make(chan time.Duration, 10)
		w := watchdog{bite: func() { bites <- time.Since(began) }}
		w.wait(time.Now(), 3*time.Second) // the first sound may take longer
		for range 50 {
			time.Sleep(60 * time.Millisecond)
			w.done()
			time.Sleep(time.Millisecond) // at work
			w.wait(time.Now(), time.Second)
		}
		last := time.Since(began)
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		if len(bites) > 0 {
			t.Fatalf("bitten after %v", <-bites)
		}
		time.Sleep(time.Hour)
		if bitten := <-bites; bitten != last+time.Second || len(bites) > 0 {
			t.Errorf("bitten at %v, the last wait began at %v; %d more bites", bitten, last, len(bites))
		}
		if !w.end() {
			t.Error("the bite is not told")
		}
	})
}

// Work, however long, is no wait, and nothing happens after the end.
func TestWatchdogRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchdog{bite: func() { t.Error("bitten") }}
		w.wait(time.Now(), time.Second)
		w.done()
		time.Sleep(time.Hour)
		w.wait(time.Now(), time.Second)
		if w.end() {
			t.Error("a bite is told that was none")
		}
		time.Sleep(time.Hour)
	})
}
