package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7"

	"earshot/history"
)

const (
	deletePart = 1000 // objects of one request. ref: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
	rounds     = 6    // of looking for versions that are still there; two are enough while nobody else changes the same clips
	// nearby is how many characters of an id name a span of nine hours, whose versions are listed together: what is listed in vain stays
	// little, and so do the requests. ref: https://github.com/ulid/spec
	nearby = 5
)

// Delete removes clips, with every version that the bucket has kept of them. It goes on after one that the server keeps.
func (b *Blobs) Delete(ctx context.Context, ids []string) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	keys := []string{}
	for _, id := range ids {
		if key, err := b.key(id); err == nil { // else nothing can be stored under it
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	versioned, err := b.versioned(ctx) // each time: it can be switched on while the program runs
	if err == nil && versioned {
		err = b.deleteVersions(ctx, keys)
	} else if err == nil {
		err = b.deleteObjects(ctx, keys)
	}
	if err != nil {
		return fmt.Errorf("delete clips: %w", err)
	}
	return nil
}

// deleteObjects removes objects of a bucket without versions.
func (b *Blobs) deleteObjects(ctx context.Context, keys []string) error {
	var problems error
	for part := range slices.Chunk(keys, deletePart) {
		done, err := b.remove(ctx, func(yield func(minio.ObjectInfo) bool) {
			for _, key := range part {
				if !yield(minio.ObjectInfo{Key: key}) {
					return
				}
			}
		})
		if err == nil && done != len(part) {
			err = fmt.Errorf("the server confirmed %d of %d", done, len(part))
		}
		problems = errors.Join(problems, err)
		if done == 0 {
			break // the rest would fare alike, and each part may take the time of several requests
		}
	}
	return problems
}

// deleteVersions removes every version and every delete marker of objects, and looks whether it did.
func (b *Blobs) deleteVersions(ctx context.Context, keys []string) error {
	var problems error
	for len(keys) > 0 {
		near := min(len(keys[0]), len(b.prefix)+folder+len("/")+nearby)
		n := len(keys)
		if i := slices.IndexFunc(keys, func(key string) bool { return !strings.HasPrefix(key, keys[0][:near]) }); i > 0 {
			n = i
		}
		done, err := b.deleteNear(ctx, keys[:n])
		problems, keys = errors.Join(problems, err), keys[n:]
		if err != nil && done == 0 {
			break
		}
	}
	return problems
}

// deleteNear removes all versions of objects whose keys begin alike, and looks until none is found. Versions that come meanwhile are somebody's new
// clips: that they are there at the end is no failure, but one that was to go is.
func (b *Blobs) deleteNear(ctx context.Context, keys []string) (done int, err error) {
	n := &near{prefix: common(keys[0], keys[len(keys)-1]), wanted: map[string]bool{}, asked: map[version]bool{}}
	for _, key := range keys {
		n.wanted[key] = true
	}
	for range rounds {
		gone, failed := b.remove(ctx, b.found(ctx, n))
		done += gone
		if n.listing != nil || n.count == 0 {
			return done, errors.Join(n.listing, failed)
		}
		err = failed
	}
	if err == nil && n.again > 0 {
		err = fmt.Errorf("the server still has %d versions that it said were gone", n.again)
	}
	return done, err
}

// near is the state of removing all versions of objects whose keys begin alike.
type near struct {
	prefix  string
	wanted  map[string]bool  // keys
	asked   map[version]bool // was to go in this round or before
	count   int              // versions found in the last round
	again   int              // of these, asked before
	listing error
}

// found lists the versions that are to go.
func (b *Blobs) found(ctx context.Context, n *near) iter.Seq[minio.ObjectInfo] {
	n.count, n.again, n.listing = 0, 0, nil
	return func(yield func(minio.ObjectInfo) bool) {
		for o, err := range b.versions(ctx, n.prefix) {
			if n.listing = err; err != nil {
				return
			}
			if !n.wanted[o.Key] {
				continue
			}
			v := version{o.Key, o.VersionID}
			n.count++
			if n.asked[v] {
				n.again++
			}
			n.asked[v] = true
			if !yield(minio.ObjectInfo{Key: v.key, VersionID: v.id}) {
				return
			}
		}
	}
}

// version names a version of an object.
type version struct{ key, id string }

// versions lists all versions and delete markers of objects whose keys begin alike. Their order is not relied on: some servers put the markers
// of a page at its end.
func (b *Blobs) versions(ctx context.Context, prefix string) iter.Seq2[minio.ObjectInfo, error] {
	return func(yield func(minio.ObjectInfo, error) bool) {
		for o := range b.client.ListObjectsIter(ctx, b.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true, WithVersions: true}) {
			if !yield(o, reason(o.Err)) || o.Err != nil {
				return
			}
		}
	}
}

// remove asks the server to remove objects, deletePart at a time, and counts those that it says are gone. Its error has each reason once.
func (b *Blobs) remove(ctx context.Context, objects iter.Seq[minio.ObjectInfo]) (done int, err error) {
	results, err := b.client.RemoveObjectsWithIter(ctx, b.bucket, objects, minio.RemoveObjectsOptions{})
	if err != nil {
		return 0, reason(err)
	}
	type failure struct {
		first error
		count int
	}
	failed := map[string]*failure{}
	for r := range results {
		why := reason(r.Err)
		if why == nil || errors.Is(why, history.ErrNotFound) { // somebody else was faster
			done++
			continue
		}
		if f := failed[why.Error()]; f != nil {
			f.count++
			continue
		}
		failed[why.Error()] = &failure{why, 1}
	}
	for _, f := range failed {
		err = errors.Join(err, fmt.Errorf("%d of them: %w", f.count, f.first))
	}
	return done, errors.Join(err, ctx.Err())
}

// common is what two strings begin with alike.
func common(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a[:n]
}
