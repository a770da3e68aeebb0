package postgres

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// rare is how many entries may have a text for it to be a text that few have.
const rare = 5000

// seek makes a clause of the text that is looked for. A text that few entries have is found quickest by going through all texts, and one that
// many have by going through the entries until there are enough; the server cannot know which it is.
func (c *condition) seek(ctx context.Context, q querier) error {
	if c.text == nil {
		return nil
	}
	rows, err := q.Query(ctx, `SELECT d.id FROM details d WHERE position($1::bytea IN d.folded) > 0`+c.shelves()+` LIMIT $2`, c.text, rare+1)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if len(ids) <= rare {
		c.add("e.id = ANY (" + c.arg(ids) + "::text[])")
	} else {
		c.add("e.parts & 2 <> 0 AND EXISTS (SELECT FROM details d WHERE d.shelf = e.shelf AND d.id = e.id AND position(" + c.arg(c.text) + "::bytea IN d.folded) > 0)")
	}
	c.text = nil
	return nil
}

// shelves restricts details to those that may have entries of the range of time.
func (c *condition) shelves() string {
	first, last := c.from>>shelfShift, c.to>>shelfShift
	if last-first >= shelves-1 || last < first {
		return ""
	}
	list := []string{"-1"}
	for n := first; n <= last; n++ {
		list = append(list, strconv.FormatInt(n&(shelves-1), 10))
	}
	return " AND d.shelf IN (" + strings.Join(list, ", ") + ")"
}
