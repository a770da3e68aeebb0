package mdns

import (
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// How long others may believe a record, in seconds.
// ref: RFC 6762, section 10
const (
	hostTTL = 120     // of records that name a machine or an address
	longTTL = 75 * 60 // of others
)

// ref: RFC 1035, sections 2.3.4 and 3.3
const (
	maxLabel = 63  // bytes
	maxText  = 255 // bytes
)

// uniqueClass is the class of a record that replaces what others remember; the same bit asks for an answer to the asker alone in a question.
// ref: RFC 6762, sections 10.2 and 18.12
const uniqueClass = dnsmessage.ClassINET | topBit

const topBit = dnsmessage.Class(1 << 15)

// manner is what records are sent for.
type manner int

const (
	lasting manner = iota // an announcement, or an answer to everybody
	goodbye               // the service ends
	legacy                // an answer to a simple resolver; ref: RFC 6762, section 6.7
)

// names are what the records are about.
type names struct {
	types    dnsmessage.Name // asks which types of services there are; ref: RFC 6763, section 9
	service  dnsmessage.Name
	instance dnsmessage.Name
	host     dnsmessage.Name
}

func newNames(cfg Config) (n names, err error) {
	for to, name := range map[*dnsmessage.Name]string{
		&n.types:    "_services._dns-sd._udp.local.",
		&n.service:  cfg.Type + ".local.",
		&n.instance: cfg.Name + "." + cfg.Type + ".local.",
		&n.host:     cfg.Name + ".local.",
	} {
		if *to, err = dnsmessage.NewName(name); err != nil {
			return n, err
		}
	}
	return n, nil
}

func same(a, b dnsmessage.Name) bool { return strings.EqualFold(a.String(), b.String()) }

// ofOurType is the label of a service of our type.
func (n names) ofOurType(name dnsmessage.Name) (instance string, ok bool) {
	before, ok := strings.CutSuffix(strings.ToLower(name.String()), "."+strings.ToLower(n.service.String()))
	return before, ok
}

// asked tells whether a query asks for a record of ours that the asker does not have yet.
func (n names) asked(m dnsmessage.Message) bool {
	return slices.ContainsFunc(m.Questions, func(q dnsmessage.Question) bool {
		if class := q.Class &^ topBit; class != dnsmessage.ClassINET && class != dnsmessage.ClassANY {
			return false
		}
		is := func(name dnsmessage.Name, types ...dnsmessage.Type) bool {
			return same(q.Name, name) && (q.Type == dnsmessage.TypeALL || slices.Contains(types, q.Type))
		}
		switch {
		case is(n.types, dnsmessage.TypePTR):
			return !known(m.Answers, n.types, n.service)
		case is(n.service, dnsmessage.TypePTR):
			return !known(m.Answers, n.service, n.instance)
		}
		return is(n.instance, dnsmessage.TypeSRV, dnsmessage.TypeTXT) || is(n.host, dnsmessage.TypeA, dnsmessage.TypeAAAA)
	})
}

// known tells whether an asker says that it has a record, and for a while yet.
// ref: RFC 6762, section 7.1
func known(answers []dnsmessage.Resource, from, to dnsmessage.Name) bool {
	return slices.ContainsFunc(answers, func(r dnsmessage.Resource) bool {
		pointer, ok := r.Body.(*dnsmessage.PTRResource)
		return ok && same(r.Header.Name, from) && same(pointer.PTR, to) && r.Header.TTL >= longTTL/2
	})
}

// records is all that there is to say, to the machines of one link.
func (r *Responder) records(addresses []netip.Addr, how manner) (list []dnsmessage.Resource) {
	add := func(name dnsmessage.Name, class dnsmessage.Class, ttl uint32, body dnsmessage.ResourceBody) {
		switch how {
		case goodbye:
			ttl = 0
		case legacy:
			ttl, class = min(ttl, 10), dnsmessage.ClassINET
		}
		list = append(list, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: name, Class: class, TTL: ttl}, Body: body})
	}
	n := r.names
	add(n.service, dnsmessage.ClassINET, longTTL, &dnsmessage.PTRResource{PTR: n.instance})
	if how != goodbye { // others may offer the type still
		add(n.types, dnsmessage.ClassINET, longTTL, &dnsmessage.PTRResource{PTR: n.service})
	}
	add(n.instance, uniqueClass, hostTTL, &dnsmessage.SRVResource{Port: r.cfg.Listen.Port(), Target: n.host})
	add(n.instance, uniqueClass, longTTL, &dnsmessage.TXTResource{TXT: r.cfg.Text})
	for _, a := range addresses {
		if a.Is4() {
			add(n.host, uniqueClass, hostTTL, &dnsmessage.AResource{A: a.As4()})
		} else {
			add(n.host, uniqueClass, hostTTL, &dnsmessage.AAAAResource{AAAA: a.As16()})
		}
	}
	return list
}
