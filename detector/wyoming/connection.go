package wyoming

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"earshot/internal/backoff"
	protocol "earshot/internal/wyoming"
)

// Why there is no connection.
var (
	errForget      = errors.New("the engine is to forget what it has heard")
	errUnreachable = errors.New("unreachable")
	errNoEngine    = errors.New("the server offers no wake words")
)

// unknownError is an engine that knows none of our wake words.
type unknownError struct{ offer string }

func (e *unknownError) Error() string { return "the engine knows none of the wake words: " + e.offer }

type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// link is one connection.
type link struct {
	conn  net.Conn
	in    *protocol.Reader
	out   *protocol.Writer // of the goroutine that sends
	pong  *protocol.Writer // of the goroutine that reads
	offer *offer
	used  bool // has been given audio; guarded by Engine.mu
	pcm   [burstSamples]int16
}

// Run keeps the engine connected until ctx ends, and returns nil then, after all its goroutines. It may be called once.
// An engine that is away is a state and never ends it.
func (e *Engine) Run(ctx context.Context) error {
	retry := backoff.Backoff{Min: e.cfg.RetryMin, Max: e.cfg.RetryMax}
	defer e.setLink(nil)
	for {
		began := time.Now()
		err := e.connection(ctx)
		if ctx.Err() != nil {
			e.stopped()
			return nil
		}
		e.setLink(nil)
		wait := time.Until(began.Add(e.cfg.RetryMin)) // audio is kept meanwhile
		if !errors.Is(err, errForget) {
			e.noteAway(err)
			if time.Since(began) > e.cfg.RetryMax {
				retry.Reset()
			}
			wait = retry.Next()
		}
		select {
		case <-ctx.Done():
			e.stopped()
			return nil
		case <-time.After(wait):
		}
	}
}

// connection lives until something is wrong, the engine is to forget, or ctx is done.
func (e *Engine) connection(ctx context.Context) error {
	conn, err := e.dial(ctx, "tcp", e.host)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreachable, err)
	}
	cancel := context.AfterFunc(ctx, func() { conn.Close() })
	defer cancel()
	defer conn.Close()
	l := &link{conn: conn, in: protocol.NewReader(conn), out: protocol.NewWriter(conn), pong: protocol.NewWriter(conn)}
	if err := e.begin(l); err != nil {
		return err
	}
	e.setLink(l)
	e.noteConnected(l)
	ended := make(chan error, 1)
	go func() { ended <- e.receive(l) }()
	err, received := e.send(l, ended)
	conn.Close()
	if !received {
		<-ended
	}
	return err
}

// begin asks what the engine knows, and for our wake words.
func (e *Engine) begin(l *link) error {
	if err := e.write(l, l.out, protocol.Event{Type: protocol.TypeDescribe}); err != nil {
		return err
	}
	models, err := e.info(l)
	if err != nil {
		return err
	}
	l.offer = match(e.words, models)
	if len(l.offer.ask) == 0 {
		return &unknownError{unknownWords(l.offer)}
	}
	detect, err := protocol.NewEvent(protocol.TypeDetect, map[string][]string{"names": l.offer.ask})
	if err != nil {
		return err
	}
	if err := e.write(l, l.out, detect); err != nil {
		return err
	}
	return e.write(l, l.out, protocol.AudioStart())
}

// info waits for what the engine knows.
func (e *Engine) info(l *link) ([]model, error) {
	if err := l.conn.SetReadDeadline(time.Now().Add(e.cfg.AnswerTimeout)); err != nil {
		return nil, err
	}
	for {
		event, err := e.read(l)
		if err != nil {
			return nil, err
		}
		if event.Type != protocol.TypeInfo {
			continue
		}
		var info struct {
			Wake []struct {
				Models []model `json:"models"`
			} `json:"wake"`
		}
		if err := event.Decode(&info); err != nil {
			return nil, err
		}
		if len(info.Wake) == 0 {
			return nil, errNoEngine
		}
		var models []model
		for _, program := range info.Wake {
			models = append(models, program.Models...)
		}
		return models, nil
	}
}

// read returns the next event, after it has answered a ping or found an error in it.
func (e *Engine) read(l *link) (protocol.Event, error) {
	event, err := l.in.Read()
	if err != nil {
		return event, err
	}
	switch event.Type {
	case protocol.TypePing:
		err = e.write(l, l.pong, protocol.Event{Type: protocol.TypePong, Data: event.Data})
	case protocol.TypeError:
		var said protocol.ServerError
		if err = event.Decode(&said); err == nil {
			err = &said
		}
	}
	return event, err
}

// receive takes what the engine says, until it has been silent for too long.
func (e *Engine) receive(l *link) error {
	for {
		// Every engine answers describe, and few answer ping: so it is described to us again and again.
		if err := l.conn.SetReadDeadline(time.Now().Add(e.cfg.Probe + e.cfg.AnswerTimeout)); err != nil {
			return err
		}
		event, err := e.read(l)
		if err != nil {
			return err
		}
		if event.Type != protocol.TypeDetection {
			continue
		}
		var d detection
		if err := event.Decode(&d); err != nil {
			return err
		}
		e.heard(l, d)
	}
}

// detection is the data of a detection event; all of it may be missing.
type detection struct {
	Name      string   `json:"name"`
	Timestamp *float64 `json:"timestamp"` // ms, of the audio-chunk
	Score     *float64 `json:"score"`
}

// at is the timestamp, or 0 when there is none that could be ours.
func (d detection) at() int64 {
	if d.Timestamp == nil || !(*d.Timestamp > 0 && *d.Timestamp < 1<<53) {
		return 0
	}
	return int64(*d.Timestamp)
}

func (d detection) score() float64 {
	if d.Score == nil || !(*d.Score >= 0 && *d.Score <= 1) {
		return defaultScore
	}
	return *d.Score
}

// send sends audio as it comes. received is true when the error is that of receive.
func (e *Engine) send(l *link, ended <-chan error) (err error, received bool) {
	probe := time.NewTicker(e.cfg.Probe)
	defer probe.Stop()
	for report := newReport(e); ; {
		if err = e.drain(l); err != nil {
			break
		}
		report.log()
		select {
		case err := <-ended:
			return err, true
		case <-probe.C:
			err = e.write(l, l.out, protocol.Event{Type: protocol.TypeDescribe})
		case <-e.ready:
		}
		if err != nil {
			break
		}
	}
	if errors.Is(err, errForget) || errors.Is(err, os.ErrDeadlineExceeded) {
		return err, false
	}
	// An engine that has hung up may have said why before.
	select {
	case err := <-ended:
		return err, true
	case <-time.After(e.cfg.AnswerTimeout):
		return err, false
	}
}

// drain sends all the audio there is.
func (e *Engine) drain(l *link) error {
	for {
		n, at, ok := e.next(l, l.pcm[:])
		switch {
		case !ok:
			return errForget
		case n == 0:
			return nil
		}
		if err := l.conn.SetWriteDeadline(time.Now().Add(e.cfg.AnswerTimeout)); err != nil {
			return err
		}
		if err := l.out.WriteAudioAt(l.pcm[:n], at); err != nil {
			return err
		}
	}
}

// write is for either goroutine, each with its own Writer. The one deadline of the connection is good for both: it only moves on.
func (e *Engine) write(l *link, out *protocol.Writer, event protocol.Event) error {
	if err := l.conn.SetWriteDeadline(time.Now().Add(e.cfg.AnswerTimeout)); err != nil {
		return err
	}
	return out.Write(event)
}
