package history_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// disk is a folder with all that was done to it, so that it can be made again as a power cut may have left it. It promises no more than POSIX:
// what was written to a file is certain from the end of an fsync of that file, and a name from the end of an fsync of its folder. All else may
// be there or not, each for itself, and a write may be there in part.
// ref: T. S. Pillai et al., All File Systems Are Not Created Equal, OSDI 2014.
type disk struct{ root *inode }

func newDisk() *disk { return &disk{newFolder()} }

// inode is a file or a folder.
type inode struct {
	changes []*change // of a file
	size    int64
	names   []*naming // of a folder
	live    map[string]*inode
}

func newFolder() *inode { return &inode{live: map[string]*inode{}} }

// change is a write to a file, or its cutting to a length where there is no data.
type change struct {
	at, certain int // the lines of the trace from which on it is done, and survives
	offset      int64
	data        []byte
}

// naming is a name that a folder was given, or has lost.
type naming struct {
	at, certain int
	name        string
	to          *inode // nil: nothing has the name any more
	in          *inode
	after       *naming // the other half of a rename: a name is never lost before the new one is there
}

const never = math.MaxInt

func (n *inode) change(at int, offset int64, data []byte) {
	n.changes = append(n.changes, &change{at, never, offset, data})
	if data == nil {
		n.size = offset
	} else {
		n.size = max(n.size, offset+int64(len(data)))
	}
}

func (n *inode) name(at int, name string, to *inode) *naming {
	if to == nil {
		delete(n.live, name)
	} else {
		n.live[name] = to
	}
	one := &naming{at: at, certain: never, name: name, to: to, in: n}
	n.names = append(n.names, one)
	return one
}

// sync makes certain what was done before it began.
func (n *inode) sync(began, end int) {
	for _, c := range n.changes {
		if c.at <= began {
			c.certain = min(c.certain, end)
		}
	}
	for _, c := range n.names {
		if c.at > began {
			continue
		}
		c.certain = min(c.certain, end)
		if c.after != nil {
			c.after.certain = min(c.after.certain, end)
		}
	}
}

// luck is what a power cut leaves of what is not certain.
type luck struct {
	*rand.Rand
	kept, torn, hole float64          // how likely it is that something is kept, is torn, or leaves room that was never written
	names            map[*naming]bool // what was decided
}

func newLuck(seed uint64) *luck {
	r := rand.New(rand.NewPCG(seed, 1))
	l := &luck{Rand: r, kept: r.Float64(), torn: r.Float64() / 2, hole: r.Float64() / 2, names: map[*naming]bool{}}
	switch r.IntN(5) {
	case 0:
		l.kept, l.torn, l.hole = 0, 0, 0 // nothing was on its way to the disk yet
	case 1:
		l.kept, l.torn = 1, 0 // all was, but for the last fsync
	}
	return l
}

// after makes the folder as it may be after a power cut at a line of the trace.
func (d *disk) after(line int, l *luck, dir string) error { return d.root.restore(line, l, dir) }

func (n *inode) restore(line int, l *luck, dir string) error {
	there := map[string]*inode{}
	for _, c := range n.names {
		if c.at > line || !l.keeps(c, line) {
			continue
		}
		delete(there, c.name)
		if c.to != nil {
			there[c.name] = c.to
		}
	}
	for name, node := range there {
		path := filepath.Join(dir, name)
		switch {
		case strings.HasSuffix(name, "-shm"): // SQLite makes it anew
		case node.live == nil:
			if err := node.write(line, l, path); err != nil {
				return err
			}
		default:
			if err := errors.Join(os.Mkdir(path, 0o700), node.restore(line, l, path)); err != nil {
				return err
			}
		}
	}
	return nil
}

// keeps decides about a name.
func (l *luck) keeps(c *naming, line int) bool {
	if c.certain <= line {
		return true
	}
	kept, decided := l.names[c]
	if decided {
		return kept
	}
	switch {
	case c.after == nil:
		kept = l.Float64() < l.kept
	case c.after.in == c.in:
		kept = l.keeps(c.after, line) // within a folder, a rename happens as a whole
	default:
		kept = l.keeps(c.after, line) && l.Float64() < l.kept
	}
	l.names[c] = kept
	return kept
}

const sector = 512 // bytes that a disk writes as a whole

func (n *inode) write(line int, l *luck, path string) error {
	var data []byte
	grow := func(size int64) {
		if more := size - int64(len(data)); more > 0 {
			data = append(data, make([]byte, more)...)
		}
	}
	for _, c := range n.changes {
		end := c.offset + int64(len(c.data))
		certain := c.certain <= line
		switch {
		case c.at > line:
		case !certain && l.Float64() >= l.kept:
			if c.data != nil && l.Float64() < l.hole {
				grow(end)
			}
		case c.data == nil:
			grow(c.offset)
			data = data[:c.offset]
		case !certain && l.Float64() < l.torn:
			grow(end)
			for at := c.offset; at < end; {
				next := min(end, at-at%sector+sector)
				if l.IntN(2) == 0 {
					copy(data[at:next], c.data[at-c.offset:])
				}
				at = next
			}
		default:
			grow(end)
			copy(data[c.offset:], c.data)
		}
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("make a folder as a power cut may have left it: %w", err)
	}
	return nil
}
