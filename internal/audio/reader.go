package audio

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Reader is a bounded queue of frames. When it is full, frames are dropped and counted, and the next one it gets has Restart set.
type Reader struct {
	name    string
	mic     *Microphone
	done    chan struct{} // closed first, so that a waiting publisher lets go
	once    sync.Once
	dropped atomic.Uint64

	mu     sync.Mutex // the publisher holds it while it sends
	frames chan Frame
	closed bool
	gap    bool // the next frame does not follow the one before
}

// C is the queue. It is closed by Close and when the microphone's Run has ended.
func (r *Reader) C() <-chan Frame { return r.frames }

// Dropped counts the frames this reader was too slow for.
func (r *Reader) Dropped() uint64 { return r.dropped.Load() }

// Close takes the reader off the microphone and closes its queue. It may be called twice.
func (r *Reader) Close() {
	r.mic.removeReader(r)
	r.end()
}

func (r *Reader) end() {
	r.once.Do(func() {
		close(r.done)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.closed = true
		close(r.frames)
	})
}

// send gives a frame to the reader and tells whether it was taken. With wait set it waits for room until ctx ends.
func (r *Reader) send(ctx context.Context, f *Frame, wait bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return true
	}
	frame := *f
	frame.Restart = frame.Restart || r.gap
	select {
	case r.frames <- frame:
		r.gap = false
		return true
	default:
	}
	if wait {
		select {
		case r.frames <- frame:
			r.gap = false
			return true
		case <-r.done:
			return true
		case <-ctx.Done():
		}
	}
	r.gap = true
	r.dropped.Add(1)
	return false
}

// Subscribe adds a reader whose queue holds the given number of frames of 10 ms (at least one); name is for the log.
// A reader added before Run gets every frame from the first one on.
func (m *Microphone) Subscribe(name string, frames int) *Reader {
	r := &Reader{name: name, mic: m, done: make(chan struct{}), frames: make(chan Frame, max(1, frames)), gap: true}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over {
		r.end()
		return r
	}
	// The list is replaced, never changed: the publisher reads it without a lock.
	list := append(slices.Clone(*m.readers.Load()), r)
	m.readers.Store(&list)
	return r
}

func (m *Microphone) removeReader(r *Reader) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(*m.readers.Load()), func(o *Reader) bool { return o == r })
	m.readers.Store(&list)
}

// endReaders closes every reader's queue, and those of later ones.
func (m *Microphone) endReaders() {
	m.mu.Lock()
	m.over = true
	list := *m.readers.Load()
	m.mu.Unlock()
	for _, r := range list {
		r.end()
	}
}
