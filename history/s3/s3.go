// Package s3 keeps the clips of the history as objects in an S3 bucket, which several bridges may share.
package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"earshot/history"
)

// Config says where the clips are. All but Endpoint, Bucket and the keys may be left out.
type Config struct {
	Endpoint      string // http://host:port or https://host:port
	Bucket        string // has to be there
	Prefix        string // folder in the bucket
	Region        string // us-east-1 when empty, which is what servers other than Amazon's mostly go by
	AccessKey     string
	SecretKey     string
	SecretKeyFile string        // holds the secret key, instead of SecretKey
	Timeout       time.Duration // of one request, of which there may be three; 20 s when 0. Long bodies get more.
}

// Blobs is a history.Blobs in a bucket.
//
// A clip is one object, named by the first four characters of its id, as in package files, and the id. Nothing in the bucket is a lock: clips are
// written once, by one bridge, and every bridge may delete.
type Blobs struct {
	client *minio.Core
	http   *transport
	bucket string
	prefix string // empty, or with a slash at its end

	mu sync.Mutex
	id string // empty until the server was reached
}

var _ history.Blobs = (*Blobs)(nil)

const (
	identity       = "identity" // name of the object that tells this set of clips from every other
	defaultRegion  = "us-east-1"
	defaultTimeout = 20 * time.Second
	tries          = 3
	identityMost   = 200 // bytes
)

var errClosed = errors.New("the clips are closed")

// Open opens the clips in a bucket. A server that cannot be reached is no error: what is asked of the clips then is, until it can. The first
// one who reaches them gives them their identity.
func Open(ctx context.Context, c Config) (*Blobs, error) {
	b, err := connect(c)
	if err != nil {
		return nil, fmt.Errorf("open clips in bucket %q: %w", c.Bucket, err)
	}
	_, err = b.Identity(ctx)
	if err == nil {
		_, err = b.versioned(ctx) // what deletions will ask; whether it may be asked is better known now
	}
	var away net.Error
	if err != nil && (!errors.As(err, &away) || ctx.Err() != nil) {
		return nil, errors.Join(fmt.Errorf("open clips in bucket %q at %s: %w", c.Bucket, c.Endpoint, err), b.Close())
	}
	return b, nil
}

// connect makes the client; it sends nothing.
func connect(c Config) (*Blobs, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "" {
		return nil, errors.New("the endpoint is not a server's address; write it like https://s3.example.org or http://192.168.1.5:7070")
	}
	secret, err := c.secret()
	if err != nil {
		return nil, err
	}
	if c.Region == "" {
		c.Region = defaultRegion
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	prefix := strings.Trim(c.Prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	b := &Blobs{http: newTransport(c.Timeout), bucket: c.Bucket, prefix: prefix}
	b.client, err = minio.NewCore(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, secret, ""), Secure: u.Scheme == "https", Transport: b.http, Region: c.Region, MaxRetries: tries,
	})
	if err != nil {
		return nil, reason(err)
	}
	return b, nil
}

// secret is the secret key. Its errors do not show any of it.
func (c Config) secret() (string, error) {
	if c.SecretKeyFile == "" {
		return c.SecretKey, nil
	}
	data, err := os.ReadFile(c.SecretKeyFile)
	if err != nil {
		return "", fmt.Errorf("read the secret key: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

// identify reads the identity, and makes one where there is none. Of several bridges that do so at once the server lets one succeed, and all of
// them read what that one wrote. A server that does not know conditions lets the last one succeed; so reading comes after writing in any case.
func (b *Blobs) identify(ctx context.Context) (string, error) {
	id, err := b.readIdentity(ctx)
	if !errors.Is(err, history.ErrNotFound) {
		return id, err
	}
	only := minio.PutObjectOptions{}
	only.SetMatchETagExcept("*")
	if err := b.put(ctx, b.prefix+identity, []byte(rand.Text()+"\n"), only); err != nil && !isTaken(err) {
		return "", reason(err)
	}
	return b.readIdentity(ctx)
}

func (b *Blobs) readIdentity(ctx context.Context) (string, error) {
	r, _, _, err := b.client.GetObject(ctx, b.bucket, b.prefix+identity, minio.GetObjectOptions{})
	if err != nil {
		return "", reason(err)
	}
	data, err := io.ReadAll(io.LimitReader(r, identityMost+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return "", reason(err)
	}
	id := strings.TrimSpace(string(data))
	if id == "" || len(data) > identityMost {
		return "", fmt.Errorf("the object %q is not an identity that was written here; use another prefix", b.prefix+identity)
	}
	return id, nil
}

// Identity tells this set of clips from every other, so that another bucket is not mistaken for an empty history.
func (b *Blobs) Identity(ctx context.Context) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.id != "" {
		return b.id, nil
	}
	var err error
	b.id, err = b.identify(ctx)
	return b.id, err
}

// versioned tells whether the bucket keeps, or has kept, former versions of its objects.
func (b *Blobs) versioned(ctx context.Context) (bool, error) {
	v, err := b.client.GetBucketVersioning(ctx, b.bucket)
	if err != nil && hasNoVersions(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask whether the bucket keeps deleted versions: %w", reason(err))
	}
	return v.Status != "", nil
}

// ready tells why nothing can be done.
func (b *Blobs) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.http.closing.Err() != nil {
		return errClosed
	}
	return nil
}

// Close ends what is going on, also reading of open clips, and lets the connections go. It may be called twice.
func (b *Blobs) Close() error {
	b.http.close()
	return nil
}
