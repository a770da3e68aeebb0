package sqlite

import (
	"fmt"
	"os"
	"syscall"
)

// keepJournal keeps SQLite from moving the journal into the database when its last connection is closed, until the file that is returned
// is closed: pages that could not be scrubbed have to stay in the journal, where the next Open finds them. SQLite moves it only when it
// has the database for itself, and this is a reader's lock, of a kind that holds against locks of its own process too.
// ref: https://sqlite.org/fileformat2.html, section 4.3; https://sqlite.org/lockingv3.html
func keepJournal(path string) (*os.File, error) {
	const (
		openFileLock = 37 // F_OFD_SETLK
		readersFirst = 0x40000000 + 2
		readersCount = 510
	)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	lock := syscall.Flock_t{Type: syscall.F_RDLCK, Start: readersFirst, Len: readersCount}
	if err := syscall.FcntlFlock(f.Fd(), openFileLock, &lock); err != nil {
		return f, fmt.Errorf("keep the journal: %w", err)
	}
	return f, nil
}
