package server

import "time"

// The commands that one connection may send.
const (
	commandsPerSecond = 100
	commandsAtOnce    = 200
)

// pace holds a connection to the commands it may send. The zero value is a connection that has sent none.
type pace struct {
	left float64 // commands it may send at once, as of at
	at   time.Time
}

// take tells whether one more command may be carried out now.
func (p *pace) take(now time.Time) bool {
	if p.at.IsZero() {
		p.left = commandsAtOnce
	} else {
		p.left = min(commandsAtOnce, p.left+now.Sub(p.at).Seconds()*commandsPerSecond)
	}
	p.at = now
	if p.left < 1 {
		return false
	}
	p.left--
	return true
}
