package s3

import (
	"bytes"
	"context"
	"crypto/md5" // what the protocol wants; nothing relies on it
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/oklog/ulid/v2"

	"earshot/history"
)

const (
	ending = ".age"
	folder = 4 // characters of an id that name its folder
)

// key names a clip's object. An id that is not a ULID as it is written by us has none.
func (b *Blobs) key(id string) (string, error) {
	parsed, err := ulid.ParseStrict(id)
	if err != nil || parsed.String() != id {
		return "", fmt.Errorf("clip: %w", history.ErrNotFound)
	}
	return b.prefix + id[:folder] + "/" + id + ending, nil
}

// idOf is the id of the clip that an object is.
func (b *Blobs) idOf(key string) (string, bool) {
	_, file, _ := strings.Cut(strings.TrimPrefix(key, b.prefix), "/")
	id, _ := strings.CutSuffix(file, ending)
	want, err := b.key(id)
	return id, err == nil && want == key
}

// Put stores a clip. The server checks that it has come whole, and nobody sees it before. In a bucket with versions the one that is replaced stays
// until the clip is deleted.
func (b *Blobs) Put(ctx context.Context, id string, data []byte) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	key, err := b.key(id)
	if err == nil {
		err = reason(b.put(ctx, key, data, minio.PutObjectOptions{ContentType: "application/octet-stream"}))
	}
	if err != nil {
		return fmt.Errorf("store clip: %w", err)
	}
	return nil
}

func (b *Blobs) put(ctx context.Context, key string, data []byte, opts minio.PutObjectOptions) error {
	md, sha := md5.Sum(data), sha256.Sum256(data)
	_, err := b.client.PutObject(ctx, b.bucket, key, bytes.NewReader(data), int64(len(data)),
		base64.StdEncoding.EncodeToString(md[:]), hex.EncodeToString(sha[:]), opts)
	return err
}

// List calls fn for every clip. Objects that are not named like a clip are none.
func (b *Blobs) List(ctx context.Context, fn func(history.BlobInfo) error) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	for o := range b.client.ListObjectsIter(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true}) {
		if o.Err != nil {
			return fmt.Errorf("list clips: %w", reason(o.Err))
		}
		id, ok := b.idOf(o.Key)
		if !ok {
			continue
		}
		if err := fn(history.BlobInfo{ID: id, Bytes: o.Size, Written: o.LastModified}); err != nil {
			return err
		}
	}
	return b.ready(ctx) // the client stops without a word when ctx ends
}

// Open returns a clip.
func (b *Blobs) Open(ctx context.Context, id string) (history.Blob, error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	key, err := b.key(id)
	if err != nil {
		return nil, err
	}
	head, err := b.fetch(ctx, key, span{length: ahead})
	if errors.Is(err, history.ErrNotFound) {
		return nil, fmt.Errorf("clip: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open clip: %w", err)
	}
	return newBlob(b, key, head), nil
}
