package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"

	"earshot/history"
)

const (
	ahead = 128 << 10 // bytes of one request: most clips whole, and always more than one of the pieces of 64 KiB that they are sealed in
	most  = 1 << 20   // bytes of one request for a large read
)

// span is what is wanted of an object.
type span struct {
	off, length int64
	etag        string // the object has to be the same still; any when empty
}

// piece is a part of an object.
type piece struct {
	off   int64
	data  []byte
	total int64 // bytes of the whole object
	etag  string
}

// read copies what the piece has from off on.
func (p piece) read(to []byte, off int64) int {
	if off < p.off || off >= p.off+int64(len(p.data)) {
		return 0
	}
	return copy(to, p.data[off-p.off:])
}

// fetch gets a part of an object in one request.
func (b *Blobs) fetch(ctx context.Context, key string, s span) (piece, error) {
	opts := minio.GetObjectOptions{}
	if err := opts.SetRange(s.off, s.off+s.length-1); err != nil {
		return piece{}, err
	}
	if s.etag != "" {
		if err := opts.SetMatchETag(s.etag); err != nil {
			return piece{}, err
		}
	}
	r, info, header, err := b.client.GetObject(ctx, b.bucket, key, opts)
	switch minio.ToErrorResponse(err).Code {
	case minio.InvalidRange: // an empty object has no ranges
		return piece{}, b.empty(ctx, key)
	case minio.PreconditionFailed:
		return piece{}, fmt.Errorf("it was replaced: %w", history.ErrNotFound)
	}
	if err != nil {
		return piece{}, reason(err)
	}
	defer r.Close()
	p := piece{off: s.off, etag: info.ETag}
	if p.total, err = wholeSize(header, info.Size, s); err != nil {
		return piece{}, err
	}
	p.data = make([]byte, min(s.length, p.total-s.off))
	if _, err := io.ReadFull(r, p.data); err != nil {
		return piece{}, reason(err)
	}
	return p, nil
}

// empty is nil when an object is empty.
func (b *Blobs) empty(ctx context.Context, key string) error {
	info, err := b.client.StatObject(ctx, b.bucket, key, minio.StatObjectOptions{})
	if err == nil && info.Size != 0 {
		return errors.New("the server does not answer with parts of objects")
	}
	return reason(err)
}

// wholeSize reads the size of the whole object from an answer that should be a part of it.
func wholeSize(h http.Header, length int64, s span) (int64, error) {
	value := h.Get("Content-Range")
	if value == "" && s.off == 0 && length >= 0 && length <= s.length {
		return length, nil // all of it
	}
	part, total, ok := strings.Cut(strings.TrimPrefix(value, "bytes "), "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if !ok || err != nil || !strings.HasPrefix(part, strconv.FormatInt(s.off, 10)+"-") || size < s.off {
		return 0, errors.New("the server does not answer with parts of objects")
	}
	return size, nil
}

// blob is an open clip. It holds its beginning, which came with opening it, and what was read last. The beginning is asked for again and again:
// it says how the rest is sealed.
type blob struct {
	in     *Blobs
	key    string
	head   piece
	ctx    context.Context // ends with Close: reading takes no context
	cancel context.CancelFunc

	mu   sync.Mutex
	last piece
}

func newBlob(in *Blobs, key string, head piece) *blob {
	ctx, cancel := context.WithCancel(context.Background())
	return &blob{in: in, key: key, head: head, ctx: ctx, cancel: cancel}
}

// Size returns the clip's bytes.
func (b *blob) Size() int64 { return b.head.total }

// ReadAt reads from off on. Parts that it does not hold are fetched, with what follows them.
func (b *blob) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read clip: the offset is negative")
	}
	n := 0
	for n < len(p) && off < b.Size() {
		if b.ctx.Err() != nil {
			return n, fmt.Errorf("read clip: %w", os.ErrClosed)
		}
		got := b.held(p[n:], off)
		if got == 0 {
			next, err := b.fetch(off, int64(len(p)-n))
			if err != nil {
				return n, fmt.Errorf("read clip: %w", err)
			}
			got = next.read(p[n:], off)
		}
		n, off = n+got, off+int64(got)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (b *blob) held(p []byte, off int64) int {
	if n := b.head.read(p, off); n > 0 {
		return n
	}
	b.mu.Lock()
	last := b.last
	b.mu.Unlock()
	return last.read(p, off)
}

func (b *blob) fetch(off, want int64) (piece, error) {
	if b.in.http.closing.Err() != nil {
		return piece{}, errClosed
	}
	length := min(max(want, ahead), most)
	next, err := b.in.fetch(b.ctx, b.key, span{off: off, length: length, etag: b.head.etag})
	if err != nil {
		return piece{}, err
	}
	if next.total != b.head.total || len(next.data) == 0 {
		return piece{}, fmt.Errorf("it was replaced: %w", history.ErrNotFound)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = next
	return next, nil
}

// Close ends reading. It may be called twice.
func (b *blob) Close() error {
	b.cancel()
	return nil
}
