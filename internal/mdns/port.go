package mdns

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// Where everybody listens.
// ref: RFC 6762, section 3
const port = 5353

func groupAddress(version6 bool) netip.Addr {
	if version6 {
		return netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 15: 0xfb})
	}
	return netip.AddrFrom4([4]byte{224, 0, 0, 251})
}

// maxPacket is the most that a packet may hold, in bytes.
// ref: RFC 6762, section 17
const maxPacket = 9000

// session is one time that the service is known on the same links. Its loop alone touches the ports; their readers only fill packets.
type session struct {
	*Responder
	ports   []*onePort
	packets chan packet
	broken  chan error // a port that cannot be read any more
	readers sync.WaitGroup
}

// onePort is the way onto one link, by one version of the Internet protocol.
type onePort struct {
	link     link
	version6 bool
	conn     net.PacketConn
	receive  func() (device int, data []byte, from net.Addr, err error) // data is good until the next call

	due       time.Time // of the next multicast; zero: nothing is planned
	sent      time.Time // of the last one
	announced int
	failed    bool // the last multicast could not be sent
}

// packet is what was heard. Its sender is at another port than everybody when it is a simple resolver.
type packet struct {
	port *onePort
	from netip.AddrPort
	data []byte
}

// open opens the ports of all links and plans the first announcements. It fails when not one could be opened.
func (s *session) open(links []link) error {
	var wrong error
	for _, l := range links {
		for _, version6 := range []bool{false, true} {
			if !l.speaks(version6) {
				continue
			}
			p, err := openPort(l, version6)
			if err != nil {
				wrong = errors.Join(wrong, fmt.Errorf("listen for multicasts on %s: %w", l.device.Name, err))
				continue
			}
			p.due = time.Now()
			s.ports = append(s.ports, p)
			s.readers.Go(func() { s.read(p) })
		}
	}
	if len(s.ports) == 0 {
		return wrong
	}
	if wrong != nil {
		s.log.Debug().Err(wrong).Msg("not every network can be used for mDNS")
	}
	return nil
}

// close may be called twice.
func (s *session) close() {
	for _, p := range s.ports {
		_ = p.conn.Close()
	}
	s.readers.Wait()
}

// openPort listens at the group's own address, not at every address: what is sent to this machine alone is for the other programs on it that
// speak multicast DNS, and only one of them would get it.
func openPort(l link, version6 bool) (*onePort, error) {
	conn, err := listen(l, version6)
	if err != nil {
		return nil, err
	}
	p := &onePort{link: l, version6: version6, conn: conn}
	buffer := make([]byte, maxPacket)
	group := &net.UDPAddr{IP: groupAddress(version6).AsSlice()}
	if version6 {
		c := ipv6.NewPacketConn(conn)
		err = errors.Join(c.JoinGroup(&l.device, group), c.SetMulticastInterface(&l.device), c.SetMulticastHopLimit(255),
			c.SetMulticastLoopback(true), c.SetControlMessage(ipv6.FlagInterface, true))
		p.receive = func() (device int, data []byte, from net.Addr, err error) {
			n, control, from, err := c.ReadFrom(buffer)
			if control != nil {
				device = control.IfIndex
			}
			return device, buffer[:n], from, err
		}
	} else {
		c := ipv4.NewPacketConn(conn)
		err = errors.Join(c.JoinGroup(&l.device, group), c.SetMulticastInterface(&l.device), c.SetMulticastTTL(255),
			c.SetMulticastLoopback(true), c.SetControlMessage(ipv4.FlagInterface, true))
		p.receive = func() (device int, data []byte, from net.Addr, err error) {
			n, control, from, err := c.ReadFrom(buffer)
			if control != nil {
				device = control.IfIndex
			}
			return device, buffer[:n], from, err
		}
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return p, nil
}

// listen opens a socket at the group's address, beside those of other programs. The net package would listen at every address.
func listen(l link, version6 bool) (net.PacketConn, error) {
	group := groupAddress(version6)
	family, where := syscall.AF_INET, syscall.Sockaddr(&syscall.SockaddrInet4{Port: port, Addr: groupAddress(false).As4()})
	if version6 {
		family, where = syscall.AF_INET6, &syscall.SockaddrInet6{Port: port, Addr: group.As16(), ZoneId: uint32(l.device.Index)}
	}
	socket, err := syscall.Socket(family, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(socket), "mdns")
	defer file.Close() // the connection has a copy
	if version6 {
		err = syscall.SetsockoptInt(socket, syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, 1)
	}
	if err == nil {
		err = syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}
	if err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(socket, where); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	return net.FilePacketConn(file)
}

// read hears what comes from the port's own link until it is closed.
func (s *session) read(p *onePort) {
	for {
		device, data, from, err := p.receive()
		if err != nil {
			select {
			case s.broken <- fmt.Errorf("hear what is asked on %s: %w", p.link.device.Name, err):
			default:
			}
			return
		}
		sender, ok := from.(*net.UDPAddr)
		if !ok || device != p.link.device.Index {
			continue
		}
		select {
		case s.packets <- packet{p, sender.AddrPort(), bytes.Clone(data)}:
		default:
		}
	}
}

// send tells everybody on a link.
func (s *session) send(p *onePort, how manner) {
	m := dnsmessage.Message{
		Header:  dnsmessage.Header{Response: true, Authoritative: true},
		Answers: s.records(p.link.addresses, how),
	}
	to := netip.AddrPortFrom(groupAddress(p.version6), port)
	if p.version6 {
		to = netip.AddrPortFrom(to.Addr().WithZone(p.link.device.Name), port)
	}
	err := s.write(p, m, to)
	if err != nil && !p.failed {
		s.log.Warn().Err(err).Str("network", p.link.device.Name).Msg("the network could not be told where the bridge is; it is told when somebody asks")
	}
	p.failed = err != nil
}

// reply answers a simple resolver, which knows its question again by its number.
func (s *session) reply(p packet, query dnsmessage.Message) {
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: query.ID, Response: true, Authoritative: true},
		Questions: query.Questions,
		Answers:   s.records(p.port.link.addresses, legacy),
	}
	for i := range m.Questions {
		m.Questions[i].Class &^= topBit
	}
	if err := s.write(p.port, m, p.from); err != nil {
		s.log.Debug().Err(err).Msg("a question about the bridge in the network could not be answered")
	}
}

func (s *session) write(p *onePort, m dnsmessage.Message, to netip.AddrPort) error {
	data, err := m.Pack()
	if err != nil {
		return fmt.Errorf("write a message: %w", err)
	}
	_, err = p.conn.WriteTo(data, net.UDPAddrFromAddrPort(to))
	return err
}
