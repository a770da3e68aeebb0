package wyoming

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// Why there is no transcript. The errors of Transcribe wrap one of these, a *ServerError, ErrProtocol, or the context's error.
var (
	ErrUnreachable = errors.New("the server cannot be reached (is it running, and is the address right?)")
	ErrClosed      = errors.New("the server closed the connection without a transcript (its log may say why)")
	ErrNoAnswer    = errors.New("the server gave no transcript in time (is it too slow for this model?)")
)

// ServerError is an error event from the server, in the server's own words.
type ServerError struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Error returns the server's words, cut to a line of sensible length.
func (e *ServerError) Error() string {
	text := fmt.Sprintf("the server answered with an error: %.200q", e.Text)
	if e.Code != "" {
		text += fmt.Sprintf(" (%.40q)", e.Code)
	}
	return text
}

// Client asks one Wyoming server for transcripts. Each utterance has a connection of its own, so it is safe for concurrent use.
type Client struct {
	// DialTimeout and AnswerTimeout are 3 s and 15 s, and may be changed before the first use. AnswerTimeout runs from the end
	// of the audio to the transcript, and bounds how long the server may refuse to take a chunk.
	DialTimeout, AnswerTimeout time.Duration

	addr string
	log  zerolog.Logger
}

// New returns a client of the server at addr, tcp://host:port or host:port. It does not connect yet.
func New(addr string, log zerolog.Logger) (*Client, error) {
	hostPort := strings.TrimPrefix(addr, "tcp://")
	host, port, err := net.SplitHostPort(hostPort)
	if n, badPort := strconv.ParseUint(port, 10, 16); err != nil || badPort != nil || host == "" || n == 0 {
		return nil, fmt.Errorf("address %q of the Wyoming server is not of the form tcp://host:port, such as tcp://127.0.0.1:10300", addr)
	}
	return &Client{DialTimeout: 3 * time.Second, AnswerTimeout: 15 * time.Second, addr: hostPort, log: log}, nil
}

// Transcribe sends 16 kHz mono frames as they arrive until the channel is closed, and returns what the server heard, without
// the blanks around it: "" when that was nothing. language is a code such as "en"; "" leaves it to the server.
//
// It returns as soon as there is a transcript or an error, or ctx is done, and does not read frames after that.
func (c *Client) Transcribe(ctx context.Context, language string, frames <-chan []int16) (text string, err error) {
	text, err = c.transcribe(ctx, language, frames)
	if err == nil {
		return text, nil
	}
	if ctx.Err() != nil { // the closed connection is only how it shows
		err = ctx.Err()
	}
	return "", fmt.Errorf("transcribe with %s: %w", c.addr, err)
}

func (c *Client) transcribe(ctx context.Context, language string, frames <-chan []int16) (string, error) {
	dialer := net.Dialer{Timeout: c.DialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	answers := make(chan answer, 1)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		text, err := awaitTranscript(conn)
		answers <- answer{text, err}
	}()
	cancel := context.AfterFunc(ctx, func() { conn.Close() })
	defer func() {
		cancel()
		conn.Close()
		<-finished
	}()

	u := utterance{conn: conn, out: NewWriter(conn), stall: c.AnswerTimeout}
	a, early, err := u.send(language, frames, answers)
	if early {
		return a.text, a.err
	}
	// A server that has hung up may have said why before.
	patience := c.AnswerTimeout
	if err != nil {
		patience = min(patience, time.Second)
	}
	sent := time.Now()
	if err := conn.SetReadDeadline(sent.Add(patience)); err != nil {
		return "", fmt.Errorf("%w: %w", ErrClosed, err)
	}
	a = <-answers
	if a.err == nil {
		c.log.Debug().Int("samples", u.samples).Dur("took_ms", time.Since(sent)).Msg("transcript")
	}
	return a.text, a.err
}

type answer struct {
	text string
	err  error
}

// awaitTranscript reads until the server has answered. Events that are none of ours, such as parts of a transcript, are passed over.
func awaitTranscript(conn net.Conn) (string, error) {
	in, out := NewReader(conn), NewWriter(conn)
	for {
		e, err := in.Read()
		if err != nil {
			return "", readError(err)
		}
		switch e.Type {
		case TypeTranscript:
			var transcript struct {
				Text string `json:"text"`
			}
			err := e.Decode(&transcript)
			return strings.TrimSpace(transcript.Text), err
		case TypeError:
			var said ServerError
			if err := e.Decode(&said); err != nil {
				return "", err
			}
			return "", &said
		case TypePing:
			if err := out.Write(Event{Type: TypePong, Data: e.Data}); err != nil {
				return "", readError(err)
			}
		}
	}
}

// readError gives a failed connection the name that callers know.
func readError(err error) error {
	switch {
	case errors.Is(err, ErrProtocol):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrNoAnswer
	}
	return fmt.Errorf("%w: %w", ErrClosed, err)
}

// utterance is one command on its way to the server.
type utterance struct {
	conn    net.Conn
	out     *Writer
	stall   time.Duration // how long one write may take
	samples int
}

// send sends everything from transcribe to audio-stop. An answer that comes before the end makes it stop: early is true then.
func (u *utterance) send(language string, frames <-chan []int16, answers <-chan answer) (a answer, early bool, err error) {
	request := Event{Type: TypeTranscribe}
	if language != "" {
		if request, err = NewEvent(TypeTranscribe, map[string]string{"language": language}); err != nil {
			return answer{}, false, err
		}
	}
	for _, e := range []Event{request, AudioStart()} {
		if err := u.write(func() error { return u.out.Write(e) }); err != nil {
			return answer{}, false, err
		}
	}
	for {
		select {
		case a = <-answers:
			return a, true, nil
		case pcm, more := <-frames:
			if !more {
				return answer{}, false, u.write(func() error { return u.out.Write(Event{Type: TypeAudioStop}) })
			}
			if err := u.audio(pcm); err != nil {
				return answer{}, false, err
			}
		}
	}
}

// audio sends samples in chunks of at most a second, whatever the length they arrive in.
func (u *utterance) audio(pcm []int16) error {
	u.samples += len(pcm)
	for len(pcm) > 0 {
		n := min(len(pcm), sampleRate)
		chunk := pcm[:n]
		if err := u.write(func() error { return u.out.WriteAudio(chunk) }); err != nil {
			return err
		}
		pcm = pcm[n:]
	}
	return nil
}

// write bounds how long the server may let us wait.
func (u *utterance) write(send func() error) error {
	if err := u.conn.SetWriteDeadline(time.Now().Add(u.stall)); err != nil {
		return err
	}
	return send()
}
