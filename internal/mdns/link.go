package mdns

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// link is a network that this machine is in.
type link struct {
	device    net.Interface
	networks  []netip.Prefix // this machine's addresses there, and whom they reach
	addresses []netip.Addr   // those of them at which the service answers
}

// findLinks lists the networks in which a service that listens at an address can be reached. That of the machine itself is one only for a
// service that listens nowhere else.
func findLinks(listen netip.Addr) (links []link, err error) {
	devices, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list the networks of this machine: %w", err)
	}
	for _, d := range devices {
		loopback := d.Flags&net.FlagLoopback != 0
		able := loopback || (d.Flags&net.FlagMulticast != 0 && d.Flags&net.FlagPointToPoint == 0)
		if d.Flags&net.FlagUp == 0 || !able || loopback != listen.IsLoopback() {
			continue
		}
		addrs, err := d.Addrs()
		if err != nil {
			continue // it has just gone
		}
		l := link{device: d}
		for _, a := range addrs {
			network, err := netip.ParsePrefix(a.String())
			if err != nil {
				continue
			}
			l.networks = append(l.networks, network)
			if answersAt(listen, network.Addr()) {
				l.addresses = append(l.addresses, network.Addr())
			}
		}
		if len(l.addresses) > 0 {
			links = append(links, l)
		}
	}
	return links, nil
}

// answersAt tells whether a service that listens at one address answers at another. Addresses that need the name of a network device with
// them are of no use to others.
func answersAt(listen, addr netip.Addr) bool {
	switch {
	case addr.Is6() && addr.IsLinkLocalUnicast():
		return false
	case listen.IsUnspecified():
		return listen.Is6() || addr.Is4()
	}
	return listen.Unmap() == addr
}

// near tells whether an address is in the link's own network.
func (l link) near(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(l.networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// speaks tells whether multicasts of IPv4, or of IPv6, can be sent there. The network of the machine itself takes none of IPv6.
func (l link) speaks(version6 bool) bool {
	if version6 && l.device.Flags&net.FlagMulticast == 0 {
		return false
	}
	return slices.ContainsFunc(l.networks, func(p netip.Prefix) bool { return p.Addr().Is6() == version6 })
}

// describe is the same text for the same networks.
func describe(links []link) string {
	var list []string
	for _, l := range links {
		addresses := slices.Clone(l.addresses)
		slices.SortFunc(addresses, netip.Addr.Compare)
		list = append(list, fmt.Sprint(l.device.Name, " ", addresses))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
