package mqtt

import (
	"bytes"
	"io"
	"math"
	"net"
	"testing"

	"github.com/rs/zerolog"
)

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		filter, topic string
		want          bool
	}{
		{"a/b", "a/b", true},
		{"a/b", "a/c", false},
		{"a/b", "a", false},
		{"a", "a/b", false},
		{"a/+", "a/b", true},
		{"a/+", "a/b/c", false},
		{"a/+", "a", false},
		{"a/+", "a/", true},
		{"+/b", "a/b", true},
		{"a/#", "a/b/c", true},
		{"a/#", "a", true},
		{"a/#", "ab", false},
		{"#", "a/b", true},
		{"#", "$SYS/broker", false},
		{"+/broker", "$SYS/broker", false},
		{"$SYS/#", "$SYS/broker", true},
		{"a/+/c", "a/b/c", true},
		{"/a", "a", false},
	} {
		if got := matches(c.filter, c.topic); got != c.want {
			t.Errorf("matches(%q, %q) = %v", c.filter, c.topic, got)
		}
	}
}

// A retained message must outlive any Home Assistant, and the time must fit the protocol's 32 bits.
func TestBrokerKeepsRetained(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * 3600
	got := brokerOptions(zerolog.Nop()).Capabilities.MaximumMessageExpiryInterval
	if got < 50*year || got > math.MaxUint32 {
		t.Errorf("retained messages expire after %d s", got)
	}
}

// packet builds an MQTT packet with n bytes after the fixed header.
func packet(first byte, n int) []byte {
	p := []byte{first}
	for length := n; ; {
		b := byte(length & 0x7f)
		if length >>= 7; length == 0 {
			p = append(p, b)
			break
		}
		p = append(p, b|0x80)
	}
	return append(p, bytes.Repeat([]byte{'x'}, n)...)
}

type stream struct {
	net.Conn
	r io.Reader
}

func (s stream) Read(p []byte) (int, error) { return s.r.Read(p) }

func TestScreen(t *testing.T) {
	t.Parallel()
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	small, exact, large := packet(0x30, 10), packet(0x31, maxPacket), packet(0x3d, maxPacket+1)
	for name, c := range map[string]struct {
		in, want []byte
		skipped  int
		err      string
	}{
		"passes":           {in: join(small, packet(0x20, 2), exact), want: join(small, packet(0x20, 2), exact), err: "EOF"},
		"empty packet":     {in: join(packet(0xd0, 0), small), want: join(packet(0xd0, 0), small), err: "EOF"},
		"leaves out":       {in: join(small, large, large, small), want: join(small, small), skipped: 2, err: "EOF"},
		"ends within":      {in: large[:1000], skipped: 1, err: "EOF"},
		"other type":       {in: packet(0x90, maxPacket+1), err: "read MQTT packet: type 9 with 65537 bytes"},
		"endless length":   {in: []byte{0x30, 0xff, 0xff, 0xff, 0xff, 0x01}, err: "read MQTT packet: length of more than 4 bytes"},
		"no length":        {in: []byte{0x30}, err: "EOF"},
		"half of a length": {in: []byte{0x30, 0x80}, err: "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			skipped := 0
			s := newScreen(stream{r: bytes.NewReader(c.in)}, func() { skipped++ })
			got, err := readAll(s)
			if !bytes.Equal(got, c.want) {
				t.Errorf("%d bytes, want %d", len(got), len(c.want))
			}
			if err.Error() != c.err || skipped != c.skipped {
				t.Errorf("error %q, %d left out; want %q, %d", err, skipped, c.err, c.skipped)
			}
		})
	}
}

// readAll keeps the end of the stream as an error.
func readAll(r io.Reader) (all []byte, err error) {
	buf := make([]byte, 700)
	for {
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil {
			return all, err
		}
	}
}

// FuzzScreen checks that what comes out is what came in, without the messages that are too large.
func FuzzScreen(f *testing.F) {
	f.Add([]byte{0x30, 3, 0, 1, 'a', 0xd0, 0})
	f.Add([]byte{0x30, 0x81, 0x80, 4, 'x', 0x30, 0})
	f.Add([]byte{0x90, 0xff, 0xff, 0xff, 0x7f})
	f.Add([]byte{0x30, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := readAll(newScreen(stream{r: bytes.NewReader(in)}, func() {}))
		if err == nil {
			t.Fatal("a stream without an end")
		}
		if want := screened(in); !bytes.Equal(got, want) {
			t.Fatalf("% x became % x, want % x", in, got, want)
		}
	})
}

// screened is the slow and plain form of what a screen does with a whole stream.
func screened(in []byte) (out []byte) {
	for len(in) > 1 {
		length, n := 0, 1
		for {
			if n == len(in) || n == 5 {
				return out
			}
			length += int(in[n]&0x7f) << (7 * (n - 1))
			n++
			if in[n-1] < 0x80 {
				break
			}
		}
		end := min(n+length, len(in))
		if length <= maxPacket {
			out = append(out, in[:end]...)
		} else if in[0]>>4 != publishType {
			return out
		}
		in = in[end:]
	}
	return out
}
