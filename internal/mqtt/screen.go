package mqtt

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
)

// maxPacket is the largest packet taken from a broker, in bytes after the fixed header. The protocol allows 256 MiB,
// and the client library would hold all of it in memory before anybody could refuse it.
const maxPacket = 64 << 10

// publishType is the packet type of PUBLISH. ref: MQTT 3.1.1, table 2.1
const publishType = 3

// errLength says that a broker sent a length no MQTT packet can have. ref: MQTT 3.1.1, section 2.2.3
var errLength = errors.New("read MQTT packet: length of more than 4 bytes")

// screen is a connection without the messages above maxPacket: they are read past, not held.
// Subscriptions ask for QoS 0, so a message left out owes the broker no answer.
type screen struct {
	net.Conn
	r       *bufio.Reader
	skipped func() // called for each message left out

	buf  [5]byte
	head []byte // of the current packet, still to be passed on
	left int    // bytes of the current packet after the head, still to be passed on
}

func newScreen(c net.Conn, skipped func()) *screen {
	return &screen{Conn: c, r: bufio.NewReader(c), skipped: skipped}
}

// Read passes on what belongs to packets of a bearable size.
func (s *screen) Read(p []byte) (int, error) {
	for len(s.head) == 0 && s.left == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	if len(s.head) > 0 {
		n := copy(p, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	n, err := s.r.Read(p[:min(len(p), s.left)])
	s.left -= n
	return n, err
}

// next reads one fixed header, and past the whole packet when it is a message that is too large.
func (s *screen) next() error {
	first, err := s.r.ReadByte()
	if err != nil {
		return err
	}
	s.buf[0] = first
	length, n := 0, 1
	for {
		b, err := s.r.ReadByte()
		if err != nil {
			return err
		}
		s.buf[n] = b
		length |= int(b&0x7f) << (7 * (n - 1))
		n++
		if b&0x80 == 0 {
			break
		}
		if n == len(s.buf) {
			return errLength
		}
	}
	if length <= maxPacket {
		s.head, s.left = s.buf[:n], length
		return nil
	}
	if first>>4 != publishType {
		return fmt.Errorf("read MQTT packet: type %d with %d bytes", first>>4, length)
	}
	s.skipped()
	_, err = io.CopyN(io.Discard, s.r, int64(length))
	return err
}
