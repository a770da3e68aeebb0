package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
)

// Sizes in a write-ahead log.
// ref: https://sqlite.org/fileformat2.html, section 4
const (
	journalHead = 32
	frameHead   = 24
	framesAtOne = 16 // read in one go
)

// journal follows the write-ahead log to know which pages hold remnants. It reads the file by itself, since SQLite does not tell which
// pages a transaction has changed, and balancing changes others than those of the row.
type journal struct {
	path   string
	file   *os.File
	head   [journalHead]byte // of the run that is followed; SQLite begins a new one after it has moved all of the last
	page   int               // bytes of a page
	order  binary.ByteOrder  // of the numbers that checksums are made of
	next   int64             // where the first frame after the last commit begins
	sum    [2]uint32         // checksum up to there
	buffer []byte
	dirty  map[uint32]struct{} // pages whose last version in the log holds remnants
}

func newJournal(database string) *journal {
	return &journal{path: database + "-wal", dirty: map[uint32]struct{}{}}
}

// frames counts what is in the log.
func (j *journal) frames() int {
	if j.next <= journalHead {
		return 0
	}
	return int(j.next-journalHead) / (frameHead + j.page)
}

// size is the bytes of the file, old ones after the last commit included.
func (j *journal) size() (int64, error) {
	if err := j.open(); j.file == nil {
		return 0, err
	}
	info, err := j.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// open opens the file when it is there.
func (j *journal) open() error {
	if j.file != nil {
		return nil
	}
	f, err := os.Open(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	j.file = f
	return nil
}

// close closes the file. It may be called twice.
func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	f := j.file
	j.file = nil
	return f.Close()
}

// follow looks at what was committed since it was called last. It must be called before the next transaction begins, which may be a new
// run and overwrite the last.
func (j *journal) follow() error {
	if err := j.open(); j.file == nil {
		return err
	}
	var head [journalHead]byte
	if _, err := j.file.ReadAt(head[:], 0); err == io.EOF {
		j.next = 0 // cut to nothing
		return nil
	} else if err != nil {
		return err
	}
	if j.next < journalHead || head != j.head {
		if !j.begin(head) {
			j.next = 0
			return nil
		}
	}
	return j.read()
}

// begin starts with a new run; false when its header is not valid, as SQLite does not go by it then either.
func (j *journal) begin(head [journalHead]byte) bool {
	const little, big = 0x377f0682, 0x377f0683
	be := binary.BigEndian
	switch be.Uint32(head[:]) {
	case little:
		j.order = binary.LittleEndian
	case big:
		j.order = binary.BigEndian
	default:
		return false
	}
	page := int(be.Uint32(head[8:]))
	if page < 512 || page > 1<<16 || page&(page-1) != 0 {
		return false
	}
	sum := j.checksum([2]uint32{}, head[:24])
	if sum != [2]uint32{be.Uint32(head[24:]), be.Uint32(head[28:])} {
		return false
	}
	if page != j.page {
		j.page, j.buffer = page, make([]byte, framesAtOne*(frameHead+page))
	}
	j.head, j.next, j.sum = head, journalHead, sum
	return true
}

// checksum goes on with a checksum over pairs of numbers.
// ref: https://sqlite.org/fileformat2.html, section 4.2
func (j *journal) checksum(sum [2]uint32, data []byte) [2]uint32 {
	a, b := sum[0], sum[1]
	if j.order == binary.LittleEndian {
		for ; len(data) >= 8; data = data[8:] {
			a += binary.LittleEndian.Uint32(data) + b
			b += binary.LittleEndian.Uint32(data[4:]) + a
		}
		return [2]uint32{a, b}
	}
	for ; len(data) >= 8; data = data[8:] {
		a += binary.BigEndian.Uint32(data) + b
		b += binary.BigEndian.Uint32(data[4:]) + a
	}
	return [2]uint32{a, b}
}

// read goes through the frames from j.next up to the last commit, and takes notice of each page's last version.
func (j *journal) read() error {
	size := frameHead + j.page
	sum, at := j.sum, j.next
	open := map[uint32]bool{} // pages of a transaction whose commit has not been met yet, and whether they hold remnants
	for {
		n, err := j.file.ReadAt(j.buffer, at)
		if err != nil && err != io.EOF {
			return err
		}
		for frame := j.buffer[:n]; len(frame) >= size; frame = frame[size:] {
			head, page := frame[:frameHead], frame[frameHead:size]
			sum = j.checksum(j.checksum(sum, head[:8]), page)
			if !j.valid(head, sum) {
				return nil
			}
			at += int64(size)
			number := binary.BigEndian.Uint32(head)
			open[number] = hasRemnants(page, number == 1)
			if binary.BigEndian.Uint32(head[4:]) != 0 { // the last of a transaction
				j.commit(open)
				j.next, j.sum = at, sum
				clear(open)
			}
		}
		if n < len(j.buffer) {
			return nil
		}
	}
}

// valid tells whether a frame belongs to this run, and nothing before it was overwritten since.
func (j *journal) valid(head []byte, sum [2]uint32) bool {
	be := binary.BigEndian
	return bytes.Equal(head[8:16], j.head[16:24]) && sum == [2]uint32{be.Uint32(head[16:]), be.Uint32(head[20:])}
}

func (j *journal) commit(pages map[uint32]bool) {
	for number, remnants := range pages {
		if remnants {
			j.dirty[number] = struct{}{}
		} else {
			delete(j.dirty, number)
		}
	}
}
