package sqlite

import (
	"encoding/binary"
	"encoding/json"
	"slices"
)

// When SQLite balances its trees it copies neighbours of a changed row to other places, and the room they had before keeps its bytes,
// also with secure_delete; so the text of a row that was deleted may still stand where the row once was. Therefore no page gets from the
// journal into the database before its free room has been overwritten.

// The kinds of pages that hold cells.
// ref: https://sqlite.org/fileformat2.html, section 1.6
const (
	interiorIndex = 2
	interiorTable = 5
	leafIndex     = 10
	leafTable     = 13
)

const (
	scrubPart = 256     // pages overwritten in one transaction, which others wait for
	maxPages  = 1 << 24 // below this no other page can be mistaken for one with cells: its first byte, part of a page number, is 0
)

// scrubSome overwrites the remnants of some pages. Who calls it has the turn.
func (s *Store) scrubSome(t tx) error {
	part := make([]uint32, 0, scrubPart)
	for number := range s.journal.dirty {
		if part = append(part, number); len(part) == scrubPart {
			break
		}
	}
	if len(part) == 0 {
		return nil
	}
	slices.Sort(part)
	if err := s.transact(t.ctx, atFlush, func(t tx) error { return scrub(t, part) }); err != nil {
		return fail("overwrite remnants", err)
	}
	for _, number := range part {
		delete(s.journal.dirty, number) // also where the page is not there any more
	}
	return nil
}

func scrub(t tx, numbers []uint32) error {
	list, err := json.Marshal(numbers)
	if err != nil {
		return err
	}
	clean := map[int64][]byte{}
	err = t.each(func(scan func(...any) error) error {
		var number int64
		var page []byte
		if err := scan(&number, &page); err != nil {
			return err
		}
		if wipe(page, unused(page, number == 1)) {
			clean[number] = page
		}
		return nil
	}, `SELECT pgno, data FROM json_each(?) CROSS JOIN sqlite_dbpage ON pgno = value`, string(list))
	if err != nil {
		return err
	}
	for number, page := range clean {
		if _, err := t.exec(`UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?`, page, number); err != nil {
			return err
		}
	}
	return nil
}

// room is a part of a page, from the first byte to before the last.
type room struct{ from, to int }

// unused returns the parts of a page that hold no cells and nothing of the page's own order; none for a page of another kind.
// ref: https://sqlite.org/fileformat2.html, section 1.6
func unused(page []byte, first bool) []room {
	head := 0
	if first {
		head = 100 // after the header of the file
	}
	if len(page) < head+12 {
		return nil
	}
	be := binary.BigEndian
	pointers := head + 8
	switch page[head] {
	case interiorIndex, interiorTable:
		pointers += 4
	case leafIndex, leafTable:
	default:
		return nil
	}
	gap := room{pointers + 2*int(be.Uint16(page[head+3:])), int(be.Uint16(page[head+5:]))}
	if gap.to == 0 {
		gap.to = 1 << 16
	}
	if gap.from > gap.to || gap.to > len(page) {
		return nil // not a page of ours: better left alone
	}
	list := []room{gap}
	for block := int(be.Uint16(page[head+1:])); block > 0 && block+4 <= len(page); {
		next, size := int(be.Uint16(page[block:])), int(be.Uint16(page[block+2:]))
		if size < 4 || block+size > len(page) || (next != 0 && next <= block) {
			return nil
		}
		list = append(list, room{block + 4, block + size})
		block = next
	}
	return list
}

// hasRemnants tells whether there is anything to wipe in a page.
func hasRemnants(page []byte, first bool) bool {
	return slices.ContainsFunc(unused(page, first), func(r room) bool { return !blank(page[r.from:r.to]) })
}

// wipe overwrites those parts with zeroes, and tells whether they were something else.
func wipe(page []byte, parts []room) bool {
	changed := false
	for _, p := range parts {
		if !blank(page[p.from:p.to]) {
			clear(page[p.from:p.to])
			changed = true
		}
	}
	return changed
}

// blank tells whether there are only zeroes.
func blank(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.NativeEndian.Uint64(b) != 0 {
			return false
		}
	}
	return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 })
}
