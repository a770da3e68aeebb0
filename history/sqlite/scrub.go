package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// The kinds of pages that hold cells.
// ref: https://sqlite.org/fileformat2.html, section 1.6
const (
	interiorIndex = 2
	interiorTable = 5
	leafIndex     = 10
	leafTable     = 13
)

const (
	scrubBatch = 1024    // pages looked at in one go
	maxPages   = 1 << 24 // below this no other page can be mistaken for one with cells: its first byte, part of a page number, is 0
)

// scrub overwrites what moved cells have left behind. When SQLite balances its trees it copies neighbours of a changed row to other
// places, and the room they had before keeps its bytes, also with secure_delete; so the text of a row that was deleted may still stand
// where the row once was. It must run in the transaction of the deletion.
func scrub(ctx context.Context, tx *sql.Tx) error {
	var pages int64
	if err := tx.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages); err != nil {
		return fmt.Errorf("look for remnants: %w", err)
	}
	if pages >= maxPages {
		return errors.New("look for remnants: the database is too large")
	}
	for first := int64(1); first <= pages; first += scrubBatch {
		remnants, err := remnants(ctx, tx, first, min(first+scrubBatch-1, pages))
		if err != nil {
			return fmt.Errorf("look for remnants: %w", err)
		}
		for number, clean := range remnants {
			if _, err := tx.ExecContext(ctx, `UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?`, clean, number); err != nil {
				return fmt.Errorf("overwrite remnants: %w", err)
			}
		}
	}
	return nil
}

// remnants returns those of the pages first to last that hold remnants, by number, as they are without them.
func remnants(ctx context.Context, tx *sql.Tx, first, last int64) (map[int64][]byte, error) {
	rows, err := tx.QueryContext(ctx, `WITH RECURSIVE n (i) AS (VALUES (?) UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		SELECT pgno, data FROM n CROSS JOIN sqlite_dbpage ON pgno = i`, first, last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[int64][]byte{}
	for rows.Next() {
		var number int64
		var page sql.RawBytes
		if err := rows.Scan(&number, &page); err != nil {
			return nil, err
		}
		if clean := wipe(page, unused(page, number == 1)); clean != nil {
			out[number] = clean
		}
	}
	return out, rows.Err()
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

// wipe returns a copy of the page with zeroes in those parts, or nil when they are zeroes already.
func wipe(page []byte, parts []room) []byte {
	var clean []byte
	for _, p := range parts {
		if !slices.ContainsFunc(page[p.from:p.to], func(b byte) bool { return b != 0 }) {
			continue
		}
		if clean == nil {
			clean = slices.Clone(page)
		}
		clear(clean[p.from:p.to])
	}
	return clean
}
