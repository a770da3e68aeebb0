package server_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"

	"earshot/history"
	"earshot/history/files"
	"earshot/history/sqlite"
	"earshot/internal/server"
	"earshot/internal/testkit"
)

// house is the satellites of a test.
type house struct {
	mu         sync.Mutex
	muted      map[string]bool
	level      float64
	words      []server.WakeWord
	more       []server.Satellite // beside the kitchen
	measuring  chan bool          // each recording is measured when this has a value; nil: at once
	trial      *trial             // the one that runs, if any
	enrolment  *enrolment         // the newest
	announced  []server.Announcement
	announcing chan bool // an announcement lasts until this says whether it was played; nil: no time at all
	prompts    []server.Prompt
	said       server.Said // to every prompt
}

func newHouse() *house {
	return &house{muted: map[string]bool{}, words: []server.WakeWord{{ID: "okay_nabu", Phrase: "Okay Nabu", Threshold: 0.85, Active: true}}}
}

func (h *house) List() []server.Satellite {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]server.Satellite{{
		ID: "kitchen", Name: "Kitchen", Area: "Kitchen", State: "idle", Muted: h.muted["kitchen"],
		Microphone: server.Microphone{State: "listening", Device: "usb", LevelDBFS: h.level},
		WakeWords:  slices.Clone(h.words),
	}}, h.more...)
}

// setLevel makes it louder or quieter.
func (h *house) setLevel(dbfs float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.level = dbfs
}

func (h *house) SetMuted(_ context.Context, id string, muted bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if id != "kitchen" {
		return server.ErrUnknownSatellite
	}
	h.muted[id] = muted
	return nil
}

// SetWakeWord knows the wake words of the kitchen; "elsewhere" is an engine's on another machine.
func (h *house) SetWakeWord(_ context.Context, id, word string, change server.WakeWordChange) (server.WakeWord, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.words, func(w server.WakeWord) bool { return w.ID == word })
	switch {
	case id != "kitchen":
		return server.WakeWord{}, server.ErrUnknownSatellite
	case word == "elsewhere":
		return server.WakeWord{}, server.Refusal("Not here.")
	case i < 0:
		return server.WakeWord{}, server.ErrUnknownWakeWord
	}
	if change.Threshold != nil {
		h.words[i].Threshold = *change.Threshold
	}
	if change.SecondThreshold != nil {
		h.words[i].SecondThreshold = *change.SecondThreshold
	}
	if change.Active != nil {
		h.words[i].Active = *change.Active
	}
	return h.words[i], nil
}

// Enroll begins a word in the kitchen, unless it is "taken".
func (h *house) Enroll(_ context.Context, id, phrase string, replace bool) (server.Enrolment, error) {
	switch {
	case id != "kitchen":
		return nil, server.ErrUnknownSatellite
	case phrase == "taken" && !replace:
		return nil, server.Refusal("Taken.")
	}
	h.enrolment = &enrolment{said: make(chan error), closed: make(chan struct{})}
	return h.enrolment, nil
}

// enrolment is a word that is being made as a test wants it.
type enrolment struct {
	said    chan error // a recording ends with each
	samples int
	kept    bool
	closed  chan struct{}
}

func (e *enrolment) WakeWord() string { return "computer" }

func (e *enrolment) Wants() (least, good int) { return 3, 9 }

func (e *enrolment) Record(ctx context.Context) (server.Sample, error) {
	select {
	case err := <-e.said:
		if err == nil {
			e.samples++
		}
		return server.Sample{Number: e.samples, Length: 1500 * time.Millisecond, LevelDBFS: -21.04, NoiseDBFS: -60}, err
	case <-ctx.Done():
		return server.Sample{}, ctx.Err()
	}
}

func (e *enrolment) Undo() (int, error) { e.samples--; return e.samples, nil }

func (e *enrolment) Finish(_ context.Context, keep bool) (server.OwnWord, error) {
	e.kept = keep
	return server.OwnWord{ID: "computer", Threshold: 0.87654, Samples: e.samples, FalseAccepts: 2.007, MissedNoise: 0.1111}, nil
}

func (e *enrolment) Close() { close(e.closed) }

// Lesson makes a score of how loud a recording begins, and another of how loud it ends.
func (h *house) Lesson(satellites []string, word string, now server.Cutoffs) (server.Lesson, error) {
	if slices.Contains(satellites, "cellar") {
		return nil, server.Refusal("Not here.")
	}
	return &lesson{house: h, word: word, held: server.HeldOut{Least: 3}}, nil
}

// lesson has a verifier refuse every mistake that ends with less than 0.3.
type lesson struct {
	house *house
	word  string
	held  server.HeldOut
}

func (l *lesson) Hear(_ string, correct bool, pcm []int16) server.Cutoffs {
	if l.house.measuring != nil {
		<-l.house.measuring
	}
	scores := server.Cutoffs{First: float64(pcm[0]) / 1000, Second: float64(pcm[len(pcm)-1]) / 1000}
	switch {
	case correct:
		l.held.Correct++
		l.held.CorrectLeft++
	case scores.Second < 0.3:
		l.held.Mistakes++
	default:
		l.held.Mistakes++
		l.held.MistakesLeft++
	}
	return scores
}

func (l *lesson) Verify() (server.HeldOut, error) {
	if l.word == "deaf" {
		return server.HeldOut{}, server.Refusal("It hears nothing.")
	}
	l.held.Better = l.held.MistakesLeft < l.held.Mistakes/2 && l.held.Correct >= l.held.Least
	return l.held, nil
}

func (l *lesson) Use(context.Context) error { l.house.setVerifier(l.word, true); return nil }

// setVerifier tells whether there was another one.
func (h *house) setVerifier(word string, on bool) (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.words {
		if h.words[i].ID == word || word == "" {
			changed = changed || h.words[i].Verifier != on
			h.words[i].Verifier = on
		}
	}
	return changed
}

func (h *house) DropVerifier(_, word string) (bool, error) { return h.setVerifier(word, false), nil }

func (h *house) DropVerifiers() error { h.setVerifier("", false); return nil }

// trial tells what a test wants it to.
type trial struct {
	heard chan server.Heard
	end   func()
}

func (t *trial) Next(ctx context.Context) (server.Heard, bool) {
	select {
	case <-ctx.Done():
		return server.Heard{}, false
	case h, ok := <-t.heard:
		return h, ok
	}
}

func (t *trial) Close() { t.end() }

func (h *house) Try(_ context.Context, id string, length time.Duration) (server.Trial, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case id != "kitchen":
		return nil, server.ErrUnknownSatellite
	case h.trial != nil:
		return nil, server.Refusal("One runs already.")
	case length < time.Second || length > time.Minute:
		return nil, fmt.Errorf("a trial of %v", length)
	}
	t := &trial{heard: make(chan server.Heard, 16)}
	t.end = sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.trial = nil
		close(t.heard)
	})
	h.trial = t
	return t, nil
}

func (h *house) Announce(ctx context.Context, id string, a server.Announcement) (bool, error) {
	h.mu.Lock()
	h.announced = append(h.announced, a)
	until := h.announcing
	h.mu.Unlock()
	switch {
	case id != "kitchen":
		return false, server.ErrUnknownSatellite
	case strings.Contains(a.URL, "broken"):
		return false, server.Refusal("The announcement was not played to its end.")
	case until == nil:
		return true, nil
	}
	select {
	case played := <-until:
		return played, nil
	case <-ctx.Done():
		close(until)
		return false, ctx.Err()
	}
}

func (h *house) Listen(ctx context.Context, id string, p server.Prompt) (server.Said, error) {
	if _, err := h.Announce(ctx, id, p.Announcement); err != nil {
		return server.Said{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.prompts = append(h.prompts, p)
	return h.said, nil
}

// running is the trial that runs, nil when there is none.
func (h *house) running() *trial {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.trial
}

// bridge is a server that runs, over a real history.
type bridge struct {
	t       *testing.T
	dir     string
	history *history.History
	tokens  *server.Tokens
	house   *house
	log     *testkit.Log
	server  *server.Server
	stop    func()
}

// startBridge runs a server until the end of the test. change edits its configuration.
func startBridge(t *testing.T, change ...func(*server.Config, *server.Deps)) *bridge {
	t.Helper()
	testkit.NoLeaks(t)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	b := &bridge{t: t, dir: t.TempDir(), house: newHouse(), log: &testkit.Log{}}
	store, err := sqlite.Open(t.Context(), filepath.Join(b.dir, "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	blobs, err := files.Open(filepath.Join(b.dir, "clips"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	cfg := history.DefaultConfig()
	cfg.Dir, cfg.TimeZone = b.dir, "Europe/Berlin"
	if b.history, err = history.New(t.Context(), cfg, history.Parts{Store: store, Blobs: blobs}); err != nil {
		t.Fatal(err)
	}
	if b.tokens, err = server.OpenTokens(filepath.Join(b.dir, "tokens.json")); err != nil {
		t.Fatal(err)
	}
	web, deps := server.DefaultConfig(), server.Deps{
		History: b.history, Satellites: b.house, Tokens: b.tokens, Version: "test",
		Log: zerolog.New(b.log),
	}
	web.Listen = "127.0.0.1:0"
	for _, c := range change {
		c(&web, &deps)
	}
	b.server = server.New(web, deps)
	if err := b.server.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.server.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the server did not end within 10 s")
		}
	})
	t.Cleanup(b.stop)
	return b
}

func (b *bridge) url(path string) string { return "http://" + b.server.Addr() + "/" + path }

// tone is a second or more of sound that is different each time.
func tone(seconds, hz float64) []int16 {
	pcm := make([]int16, int(seconds*16000))
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/16000))
	}
	return pcm
}

// add stores a recording; edit changes it before.
func (b *bridge) add(pcm []int16, edit func(*history.Entry)) history.Entry {
	b.t.Helper()
	e := history.Entry{
		Satellite: "kitchen", Area: "Kitchen", At: time.Now(), Duration: time.Duration(len(pcm)) * time.Second / 16000,
		WakeWord: "okay_nabu", Score: 0.97, Threshold: 0.85, Outcome: history.Understood, Transcript: "turn on the light", Language: "en",
	}
	if edit != nil {
		edit(&e)
	}
	stored, err := b.history.Add(b.t.Context(), history.Recording{Entry: e, PCM: pcm})
	if err != nil {
		b.t.Fatalf("add: %v", err)
	}
	return stored
}

// client is a WebSocket client of the server.
type client struct {
	t      *testing.T
	ws     *websocket.Conn
	id     int
	events []map[string]any
}

// dialer opens a WebSocket; header may be nil.
func (b *bridge) dialer(header http.Header) (*websocket.Conn, *http.Response, error) {
	return websocket.DefaultDialer.Dial("ws://"+b.server.Addr()+"/api/websocket", header)
}

// open opens a WebSocket that has not signed in.
func (b *bridge) open() *client {
	b.t.Helper()
	ws, _, err := b.dialer(nil)
	if err != nil {
		b.t.Fatalf("dial: %v", err)
	}
	b.t.Cleanup(func() { ws.Close() })
	return &client{t: b.t, ws: ws}
}

// dial opens a WebSocket and signs in with a token that is made for it.
func (b *bridge) dial(role server.Role) *client {
	b.t.Helper()
	secret, err := b.tokens.Session("test "+string(role), role)
	if err != nil {
		b.t.Fatal(err)
	}
	c := b.open()
	c.signIn(secret)
	return c
}

func (c *client) signIn(secret string) {
	c.t.Helper()
	if got := c.read()["type"]; got != "auth_required" {
		c.t.Fatalf("first message: %v", got)
	}
	c.write(map[string]any{"type": "auth", "access_token": secret})
	if got := c.read()["type"]; got != "auth_ok" {
		c.t.Fatalf("after auth: %v", got)
	}
}

func (c *client) write(v any) {
	c.t.Helper()
	if err := c.ws.WriteJSON(v); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

func (c *client) writeText(text string) {
	c.t.Helper()
	if err := c.ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

func (c *client) read() map[string]any {
	c.t.Helper()
	_ = c.ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	var m map[string]any
	if err := c.ws.ReadJSON(&m); err != nil {
		c.t.Fatalf("read: %v", err)
	}
	return m
}

// closed reads to the end of the connection, and returns the code and text of the close frame.
func (c *client) closed() (code int, text string) {
	c.t.Helper()
	for {
		_ = c.ws.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, _, err := c.ws.ReadMessage()
		if ce, ok := err.(*websocket.CloseError); ok {
			return ce.Code, ce.Text
		}
		if err != nil {
			c.t.Fatalf("no close frame: %v", err)
		}
	}
}

// call sends a command and returns its whole answer; events that come before it are kept.
func (c *client) call(command string, fields map[string]any) map[string]any {
	c.t.Helper()
	c.id++
	m := map[string]any{"id": c.id, "type": command}
	for k, v := range fields {
		m[k] = v
	}
	c.write(m)
	return c.answer()
}

func (c *client) answer() map[string]any {
	c.t.Helper()
	for {
		m := c.read()
		if m["type"] != "event" {
			return m
		}
		c.events = append(c.events, m)
	}
}

// event returns the next event.
func (c *client) event() map[string]any {
	c.t.Helper()
	if len(c.events) == 0 {
		m := c.read()
		if m["type"] != "event" {
			c.t.Fatalf("not an event: %v", m)
		}
		c.events = append(c.events, m)
	}
	m := c.events[0]
	c.events = c.events[1:]
	return m["event"].(map[string]any)
}

// must calls, and fails the test when the answer is an error.
func (c *client) must(command string, fields map[string]any) map[string]any {
	c.t.Helper()
	m := c.call(command, fields)
	if m["success"] != true {
		c.t.Fatalf("%s %v: %v", command, fields, m["error"])
	}
	result, _ := m["result"].(map[string]any)
	return result
}

// fails calls, and returns code and message of the error that is expected.
func (c *client) fails(command string, fields map[string]any) string {
	c.t.Helper()
	return failure(c.t, c.call(command, fields))
}

func failure(t *testing.T, answer map[string]any) string {
	t.Helper()
	if answer["success"] != false {
		t.Fatalf("no error: %v", answer)
	}
	e := answer["error"].(map[string]any)
	return fmt.Sprintf("%v: %v", e["code"], e["message"])
}

// get fetches a path of the server.
func (b *bridge) get(path string, header ...string) (*http.Response, []byte) {
	b.t.Helper()
	return b.request(http.MethodGet, path, header...)
}

// request sends a request with pairs of header names and values; Host is one of them.
func (b *bridge) request(method, path string, header ...string) (*http.Response, []byte) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url(path), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		} else {
			req.Header.Set(header[i], header[i+1])
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, body
}
