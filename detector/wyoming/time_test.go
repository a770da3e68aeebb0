package wyoming_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"earshot/detector/wyoming"
	"earshot/internal/testkit"
	protocol "earshot/internal/wyoming"
)

// patient has the waits that households get.
func patient(t *testing.T, dial func(ctx context.Context, network, addr string) (net.Conn, error)) *wyoming.Engine {
	t.Helper()
	e, err := wyoming.New(wyoming.Config{Addr: "engine:10400", Words: []string{"okay_nabu"}}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	e.SetDial(dial)
	return e
}

// run keeps an engine for so long; Run must end at once after that.
func run(t *testing.T, e *wyoming.Engine, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	began := time.Now()
	if err := e.Run(ctx); err != nil || time.Since(began) != d {
		t.Errorf("Run: %v after %v", err, time.Since(began))
	}
}

func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Time
		e := patient(t, func(context.Context, string, string) (net.Conn, error) {
			tries = append(tries, time.Now())
			return nil, errors.New("no route to host")
		})
		run(t, e, 2*time.Minute)
		for i, s := range []time.Duration{1, 2, 4, 8, 16, 30} {
			if wait := tries[i+1].Sub(tries[i]); wait > s*time.Second || wait < s*time.Second*4/5 {
				t.Errorf("wait %d is %v, want up to a fifth less than %d s", i, wait, s)
			}
		}
	})
}

// engine answers describe and takes everything, until it stops reading.
func engine(conn net.Conn, stop <-chan struct{}, pongs chan<- protocol.Event) {
	in, out := protocol.NewReader(conn), protocol.NewWriter(conn)
	for {
		event, err := in.Read()
		if err != nil {
			return
		}
		switch event.Type {
		case protocol.TypePong:
			pongs <- event
		case protocol.TypeDescribe:
			if out.Write(protocol.Event{Type: protocol.TypeInfo, Data: []byte(`{"wake":[{"models":[{"name":"okay_nabu"}]}]}`)}) != nil {
				return
			}
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

// A connection that works is kept for hours without audio; when the engine stalls, that is noticed within half a minute, and the first
// try after it comes soon, however many had failed before.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const fails = 8
		stop := make(chan struct{})
		var stalled, again time.Time
		var e *wyoming.Engine
		tries := 0
		e = patient(t, func(context.Context, string, string) (net.Conn, error) {
			if tries++; tries == fails+2 {
				again = time.Now()
			}
			if tries != fails+1 {
				return nil, errors.New("connection refused")
			}
			ours, theirs := net.Pipe()
			go engine(theirs, stop, nil)
			stalled = time.Now().Add(3 * time.Hour)
			time.AfterFunc(3*time.Hour, func() {
				if s := e.Status(); !s.Connected {
					t.Errorf("status %+v", s)
				}
				close(stop)
			})
			return ours, nil
		})
		run(t, e, 4*time.Hour)
		if took := again.Sub(stalled); took < 10*time.Second || took > 27*time.Second {
			t.Errorf("tried again after %v", took)
		}
	})
}

// What an engine says about audio that was forgotten is not heard, though the connection is still being given up.
func TestLateDetection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		tries := 0
		e := patient(t, func(context.Context, string, string) (net.Conn, error) {
			if tries++; tries > 1 {
				return nil, errors.New("connection refused")
			}
			return ours, nil
		})
		stop := make(chan struct{})
		go engine(theirs, stop, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		synctest.Wait()
		close(stop)
		e.Process(make([]int16, 640)) // the last that is read
		synctest.Wait()
		e.Process(make([]int16, 640)) // holds up the goroutine that sends
		synctest.Wait()
		say := func() {
			if err := protocol.NewWriter(theirs).Write(protocol.Event{Type: protocol.TypeDetection}); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		say()
		if found := e.Process(nil); len(found) != 1 {
			t.Errorf("before Reset: %+v", found)
		}
		e.Process(make([]int16, 16000)) // so that it is no repetition
		e.Reset()
		say()
		if found := e.Process(nil); len(found) != 0 {
			t.Errorf("after Reset: %+v", found)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A ping in a long silence is answered: the deadline of the last write is long over.
func TestPingInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries, pongs := 0, make(chan protocol.Event, 100)
		e := patient(t, func(context.Context, string, string) (net.Conn, error) {
			tries++
			ours, theirs := net.Pipe()
			go engine(theirs, nil, pongs)
			ping := time.NewTicker(7 * time.Second)
			go func() {
				for range 7 {
					<-ping.C
					if protocol.NewWriter(theirs).Write(protocol.Event{Type: protocol.TypePing, Data: []byte(`{"text":"you?"}`)}) != nil {
						return
					}
				}
			}()
			return ours, nil
		})
		run(t, e, time.Minute)
		if tries != 1 || len(pongs) != 7 {
			t.Errorf("%d connections, %d pongs", tries, len(pongs))
		}
		if pong := <-pongs; string(pong.Data) != `{"text":"you?"}` {
			t.Errorf("pong %s", pong.Data)
		}
	})
}

// Resets in a row do not make connections in a row.
func TestResetStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		e := patient(t, func(context.Context, string, string) (net.Conn, error) {
			tries++
			ours, theirs := net.Pipe()
			go engine(theirs, nil, nil)
			return ours, nil
		})
		var storm func()
		storm = func() {
			e.Process(make([]int16, 640))
			synctest.Wait()
			e.Reset()
			if t.Context().Err() == nil {
				time.AfterFunc(10*time.Millisecond, storm)
			}
		}
		time.AfterFunc(0, storm)
		run(t, e, 10*time.Second)
		if tries < 9 || tries > 12 {
			t.Errorf("%d connections in 10 s", tries)
		}
	})
}

// Listening costs no memory per frame, whether the engine is there or not.
func TestNoAllocations(t *testing.T) {
	e := patient(t, nil)
	frame := make([]int16, 160)
	if n := testing.AllocsPerRun(500, func() { e.Process(frame) }); n != 0 {
		t.Errorf("%v allocations per frame while away", n)
	}
	ours, theirs := net.Pipe()
	connected := make(chan struct{})
	go func() {
		engine(theirs, connected, nil) // returns after an event that comes after connected was closed
		io.Copy(io.Discard, theirs)
	}()
	e.SetDial(func(context.Context, string, string) (net.Conn, error) { return ours, nil })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	testkit.Eventually(t, "connected", func() bool { return e.Status().Connected })
	close(connected)
	if n := testing.AllocsPerRun(2000, func() { e.Process(frame) }); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
