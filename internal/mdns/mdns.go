// Package mdns makes a service known to the machines of the local network by multicast DNS.
//
// It answers with one set of records, which it also announces by itself: what kind of service there is, where it listens, and what it says of
// itself. The name has to be unique by itself, by a random part, so it is not asked for whether somebody has it already.
// ref: RFC 6762 (multicast DNS), RFC 6763 (services)
package mdns

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/net/dns/dnsmessage"

	"earshot/internal/backoff"
)

// Config is a service and where it listens.
type Config struct {
	Type string // such as _earshot._tcp
	Name string // one label, that no other machine has: of this service, and with .local of the machine
	// Listen is where the service listens. An unspecified address stands for all of this machine's but loopback; 0.0.0.0 for those of IPv4.
	Listen netip.AddrPort
	Text   []string              // key=value; the first tells this service from others of its type
	Rival  func(instance string) // called once when another service has the same first Text; nil: it does not matter
	Poll   time.Duration         // how often this machine's addresses are looked at; zero: 10 s
}

// Responder makes one service known.
type Responder struct {
	cfg   Config
	log   zerolog.Logger
	names names

	rival bool   // was told
	said  string // the newest line in the log, so that nothing is said again and again
}

// New returns a responder; Run makes it speak. The error says what of the names cannot be used.
func New(cfg Config, log zerolog.Logger) (*Responder, error) {
	if cfg.Poll == 0 {
		cfg.Poll = 10 * time.Second
	}
	r := &Responder{cfg: cfg, log: log}
	if len(cfg.Name) > maxLabel || strings.Contains(cfg.Name, ".") {
		return nil, fmt.Errorf("announce %q in the network: a name has at most %d characters and no point", cfg.Name, maxLabel)
	}
	for _, text := range cfg.Text {
		if len(text) > maxText {
			return nil, fmt.Errorf("announce %q in the network: its texts have at most %d bytes", cfg.Name, maxText)
		}
	}
	var err error
	if r.names, err = newNames(cfg); err != nil {
		return nil, fmt.Errorf("announce %q in the network: %w", cfg.Name, err)
	}
	return r, nil
}

// Run makes the service known until ctx ends, and takes it back then. Without a network it waits for one; only the log tells.
func (r *Responder) Run(ctx context.Context) error {
	wait := backoff.Backoff{Min: time.Second, Max: time.Minute}
	for ctx.Err() == nil {
		links, err := findLinks(r.cfg.Listen.Addr())
		if err == nil && len(links) > 0 {
			err = r.serve(ctx, links)
		}
		switch {
		case err != nil:
			r.say(zerolog.WarnLevel, fmt.Sprintf("the bridge cannot be found in the network (mDNS), this is tried again: %v", err))
			sleep(ctx, wait.Next())
		case len(links) == 0:
			r.say(zerolog.WarnLevel, "the bridge cannot be found in the network (mDNS): this machine has none yet")
			sleep(ctx, r.cfg.Poll)
		default:
			wait.Reset()
		}
	}
	return nil
}

func (r *Responder) say(level zerolog.Level, message string) {
	if message != r.said {
		r.said = message
		r.log.WithLevel(level).Msg(message)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// serve makes the service known on these links. It returns nil when ctx ends or the links have changed, and an error when there is no way onto any of them.
func (r *Responder) serve(ctx context.Context, links []link) error {
	s := session{Responder: r, packets: make(chan packet, packetQueue), broken: make(chan error, 1)}
	defer s.close()
	if err := s.open(links); err != nil {
		return err
	}
	r.say(zerolog.InfoLevel, "the bridge can be found in the network (mDNS): "+describe(links))
	poll := time.NewTicker(r.cfg.Poll)
	defer poll.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			for _, p := range s.ports {
				s.send(p, goodbye)
			}
			return nil
		case <-poll.C:
			if now, err := findLinks(r.cfg.Listen.Addr()); err != nil || describe(now) != describe(links) {
				return err
			}
		case err := <-s.broken:
			return err
		case p := <-s.packets:
			s.hear(p, time.Now())
		case <-timer.C:
			s.sendDue(time.Now())
		}
		if next := s.nextDue(); !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// packetQueue is how many packets may wait; asking again is the asker's part of the protocol, so further ones are dropped.
const packetQueue = 64

// The times of the protocol.
const (
	announcements = 2                      // ref: RFC 6762, section 8.3
	betweenSends  = time.Second            // between two multicasts of a record; ref: RFC 6762, section 6
	answerMin     = 20 * time.Millisecond  // others may have the same record to tell; ref: RFC 6762, section 6
	answerSpread  = 100 * time.Millisecond // on top of answerMin
)

// hear takes a packet: an answer is planned for what is asked, and another service with what is ours is noticed.
func (s *session) hear(p packet, now time.Time) {
	var m dnsmessage.Message
	if m.Unpack(p.data) != nil {
		return // anybody may send anything
	}
	if m.Response {
		s.lookForRival(m)
		return
	}
	if !s.names.asked(m) {
		return
	}
	if p.from.Port() != port {
		if p.port.link.near(p.from.Addr()) {
			s.reply(p, m)
		}
		return
	}
	due := now.Add(answerMin + backoff.Spread(answerSpread))
	if earliest := p.port.sent.Add(betweenSends); due.Before(earliest) {
		due = earliest
	}
	if p.port.due.IsZero() || due.Before(p.port.due) {
		p.port.due = due
	}
}

func (s *session) lookForRival(m dnsmessage.Message) {
	if s.rival || s.cfg.Rival == nil || len(s.cfg.Text) == 0 {
		return
	}
	for _, r := range slices.Concat(m.Answers, m.Additionals) {
		text, ok := r.Body.(*dnsmessage.TXTResource)
		if !ok || r.Header.TTL == 0 || same(r.Header.Name, s.names.instance) {
			continue
		}
		if instance, ok := s.names.ofOurType(r.Header.Name); ok && slices.Contains(text.TXT, s.cfg.Text[0]) {
			s.rival = true
			s.cfg.Rival(instance)
			return
		}
	}
}

func (s *session) sendDue(now time.Time) {
	for _, p := range s.ports {
		if p.due.IsZero() || now.Before(p.due) {
			continue
		}
		p.due, p.sent = time.Time{}, now
		s.send(p, lasting)
		if p.announced++; p.announced < announcements {
			p.due = now.Add(betweenSends)
		}
	}
}

// nextDue is when the next port has something to send, zero for never.
func (s *session) nextDue() (next time.Time) {
	for _, p := range s.ports {
		if !p.due.IsZero() && (next.IsZero() || p.due.Before(next)) {
			next = p.due
		}
	}
	return next
}
