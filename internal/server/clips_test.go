package server_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
	"earshot/internal/server"
)

// sign asks for the link to a clip.
func (c *client) sign(id string) string {
	c.t.Helper()
	return c.must("clips/sign", map[string]any{"entry_id": id})["url"].(string)
}

func TestClip(t *testing.T) {
	b := startBridge(t)
	pcm := tone(2, 440)
	e := b.add(pcm, func(e *history.Entry) { e.At = time.Date(2026, 3, 1, 7, 30, 15, 0, time.UTC) })
	c := b.dial(server.Listen)
	signed := c.must("clips/sign", map[string]any{"entry_id": e.ID})
	url := signed["url"].(string)
	if strings.HasPrefix(url, "/") || strings.Contains(url, "://") {
		t.Errorf("the link %s is not relative", url)
	}
	expires, err := time.Parse(time.RFC3339, signed["expires"].(string))
	if left := time.Until(expires); err != nil || left < 9*time.Minute || left > 10*time.Minute {
		t.Errorf("expires %v: in %v, %v", signed["expires"], left, err)
	}

	resp, flac := b.get(url)
	want := map[string]string{
		"Content-Type": "audio/flac", "Cache-Control": "private, no-store", "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff",
		"Content-Disposition": `inline; filename="earshot-20260301-083015.flac"`, "Content-Length": fmt.Sprint(e.Clip.Bytes),
	}
	for name, value := range want {
		if got := resp.Header.Get(name); got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
	heard, err := history.DecodeFLAC(bytes.NewReader(flac))
	if err != nil || !cmp.Equal(pcm, heard) {
		t.Errorf("the clip differs from what was recorded: %d samples, %v", len(heard), err)
	}
	resp, head := b.request(http.MethodHead, url)
	if resp.StatusCode != 200 || len(head) != 0 || resp.ContentLength != e.Clip.Bytes {
		t.Errorf("HEAD: %d, %d bytes, length %d", resp.StatusCode, len(head), resp.ContentLength)
	}
	resp, part := b.get(url, "Range", "bytes=100-199")
	if resp.StatusCode != 206 || !bytes.Equal(part, flac[100:200]) || resp.Header.Get("Content-Range") != fmt.Sprintf("bytes 100-199/%d", e.Clip.Bytes) {
		t.Errorf("range: %d, %d bytes, %s", resp.StatusCode, len(part), resp.Header.Get("Content-Range"))
	}
	if resp, _ = b.get(url, "Range", "bytes=99999999-"); resp.StatusCode != 416 {
		t.Errorf("range behind the end: %d", resp.StatusCode)
	}
	if resp, _ = b.get(url + "&download=1"); resp.Header.Get("Content-Disposition") != `attachment; filename="earshot-20260301-083015.flac"` {
		t.Errorf("download: %s", resp.Header.Get("Content-Disposition"))
	}
}

func TestClipAsWAV(t *testing.T) {
	b := startBridge(t)
	pcm := tone(1, 300)
	url := b.dial(server.Listen).sign(b.add(pcm, nil).ID)
	for name, ask := range map[string][]string{
		"suffix": {strings.Replace(url, "?", ".wav?", 1)},
		"format": {url + "&format=wav"},
		"accept": {url, "Accept", "audio/flac;q=0.5, audio/wav"},
	} {
		resp, wav := b.get(ask[0], ask[1:]...)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "audio/wav" || !strings.HasSuffix(resp.Header.Get("Content-Disposition"), `.wav"`) {
			t.Fatalf("%s: %d %s", name, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
		heard := make([]int16, len(pcm))
		if err := binary.Read(bytes.NewReader(wav[len(wav)-2*len(pcm):]), binary.LittleEndian, heard); err != nil || !cmp.Equal(pcm, heard) || string(wav[:4]) != "RIFF" {
			t.Errorf("%s: the samples differ, %v", name, err)
		}
		resp, part := b.get(ask[0], append(ask[1:], "Range", "bytes=44-143")...)
		if resp.StatusCode != 206 || !bytes.Equal(part, wav[44:144]) {
			t.Errorf("%s: range: %d", name, resp.StatusCode)
		}
	}
	for _, accept := range []string{"", "*/*", "audio/*", "audio/flac, audio/wav", "audio/wav;q=x"} {
		if resp, _ := b.get(url, "Accept", accept); resp.Header.Get("Content-Type") != "audio/flac" {
			t.Errorf("Accept %q: %s", accept, resp.Header.Get("Content-Type"))
		}
	}
}

func TestClipLinksThatAreNotValid(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Listen)
	e, other := b.add(tone(1, 440), nil), b.add(tone(1, 440), nil)
	url := c.sign(e.ID)
	path, query, _ := strings.Cut(url, "?")
	exp, sig, _ := strings.Cut(query, "&")
	for name, bad := range map[string]string{
		"none":         path,
		"other entry":  strings.Replace(url, e.ID, other.ID, 1),
		"longer life":  path + "?exp=99999999999&" + sig,
		"no end":       path + "?exp=&" + sig,
		"no signature": path + "?" + exp,
		"cut":          url[:len(url)-1],
		"path":         strings.Replace(url, e.ID, "..%2f..%2fhistory.db", 1),
		"path, suffix": strings.Replace(url, e.ID, "..%2ftokens.json.wav", 1),
	} {
		resp, body := b.get(bad)
		if resp.StatusCode != http.StatusForbidden || resp.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
	if got := c.fails("clips/sign", map[string]any{"entry_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}); !strings.HasPrefix(got, "not_found: ") {
		t.Error(got)
	}
	silent := b.add(nil, nil)
	if got := c.fails("clips/sign", map[string]any{"entry_id": silent.ID}); got != "not_found: No audio is kept of this recording." {
		t.Error(got)
	}
	restarted := startBridge(t)
	if resp, _ := restarted.get(url); resp.StatusCode != http.StatusForbidden {
		t.Errorf("link of another process: %d", resp.StatusCode)
	}
}

func TestClipIsGoneAfterDeletion(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	e := b.add(tone(1, 440), nil)
	url := c.sign(e.ID)
	if resp, _ := b.get(url); resp.StatusCode != 200 {
		t.Fatalf("before: %d", resp.StatusCode)
	}
	c.must("history/delete_range", map[string]any{"period": "today", "confirm": true})
	for _, header := range [][]string{nil, {"Range", "bytes=0-10"}, {"If-Range", `"` + e.ID + `-flac"`}} {
		resp, body := b.get(url, header...)
		if resp.StatusCode != http.StatusGone || resp.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%v: %d %s", header, resp.StatusCode, body)
		}
	}
}

func TestClipsForAllowedOrigins(t *testing.T) {
	b := startBridge(t, func(c *server.Config, _ *server.Deps) { c.AllowedOrigins = []string{"http://ha.example:8123"} })
	url := b.dial(server.Listen).sign(b.add(tone(1, 440), nil).ID)
	resp, _ := b.get(url, "Origin", "http://ha.example:8123")
	if resp.Header.Get("Access-Control-Allow-Origin") != "http://ha.example:8123" || resp.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Errorf("allowed origin: %v", resp.Header)
	}
	if resp, _ = b.get(url, "Origin", "http://evil.example"); resp.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("foreign origin: %v", resp.Header)
	}
}

// TestDeletedWhilePlaying has a player that takes a clip slowly; a deletion ends the stream, whether the player is reading or not.
func TestDeletedWhilePlaying(t *testing.T) {
	b := startBridge(t)
	noise := make([]int16, 20*16000) // cannot be packed: 640 kB, more than the buffers on the way take
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = int16(random.Uint32())
	}
	for _, format := range []string{"flac", "wav"} {
		t.Run(format, func(t *testing.T) {
			c := b.dial(server.Admin)
			c.t = t
			e := b.add(noise, nil)
			conn, body := b.play(t, c.sign(e.ID)+"&format="+format)
			defer conn.Close()
			if _, err := io.CopyN(io.Discard, body, 100_000); err != nil {
				t.Fatalf("before the deletion: %v", err)
			}
			start := time.Now()
			c.must("history/delete", map[string]any{"ids": []string{e.ID}})
			n, err := io.Copy(io.Discard, body)
			if err == nil || n > 300_000 {
				t.Errorf("%d bytes came after the deletion: %v", n, err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("the stream ended after %v", took)
			}
		})
	}
}

// play opens a link over a connection with a small buffer.
func (b *bridge) play(t *testing.T, url string) (net.Conn, io.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", b.server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n", url); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(conn, 4<<10), nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("play: %v %v", resp, err)
	}
	return conn, resp.Body
}
