package mdns

import (
	"net/netip"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// FuzzHear has everybody say anything: nothing breaks, and an answer is planned for no sooner than may be.
func FuzzHear(f *testing.F) {
	r, err := New(Config{Type: "_earshot._tcp", Name: "one", Text: []string{"id=one"}, Rival: func(string) {}}, zerolog.Nop())
	if err != nil {
		f.Fatal(err)
	}
	question := "\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x08_earshot\x04_tcp\x05local\x00\x00\x0c\x00\x01"
	f.Add([]byte(question))
	f.Add([]byte("\x00\x00\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00\x03two\x08_earshot\x04_tcp\x05local\x00\x00\x10\x80\x01\x00\x00\x00\x78\x00\x07\x06id=one"))
	now := time.Unix(0, 0)
	f.Fuzz(func(t *testing.T, data []byte) {
		s := session{Responder: r}
		p := onePort{sent: now}
		s.hear(packet{&p, netip.MustParseAddrPort("192.168.1.2:5353"), data}, now)
		if !p.due.IsZero() && p.due.Before(now.Add(betweenSends)) {
			t.Errorf("an answer after %v", p.due.Sub(now))
		}
		if string(data) == question && p.due.IsZero() {
			t.Error("a question is not answered")
		}
	})
}
