package history

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// ErrLocked means that another process uses what a lock is for.
var ErrLocked = errors.New("another process has it; end that one, or use another folder")

// Lock keeps every other process away from what a store keeps, by a lock on a file that is made for it. It ends with Close, which may
// be called twice, or with the process, however that ends.
func Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return lock{f}, nil
}

type lock struct{ file *os.File }

// Close gives the lock back. Closing the file alone would not, while a child that is just being started still has a copy of it.
func (l lock) Close() error {
	raw, err := l.file.SyscallConn()
	if err != nil {
		return err
	}
	var unlock error
	if err := raw.Control(func(fd uintptr) { unlock = syscall.Flock(int(fd), syscall.LOCK_UN) }); err != nil {
		return nil // closed already
	}
	return errors.Join(unlock, l.file.Close())
}
