package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/url"
	"strconv"
	"time"
)

// linkLifetime is long enough to play a recording, and to go back in it.
const linkLifetime = 10 * time.Minute

// The kinds of links. One of a kind is not good for another.
const (
	clipLink   = "clip"
	exportLink = "export"
)

// signer makes and checks links to recordings and exports. Its key is known to this process only: a restart ends every link.
type signer struct {
	key []byte
	now func() time.Time
	age func() time.Duration // of this process: a link ends by it, also when somebody sets the clock back meanwhile
}

func newSigner(random io.Reader) signer {
	key, began := make([]byte, sha256.Size), time.Now()
	_, _ = io.ReadFull(random, key) // crypto/rand never fails: it ends the program instead
	return signer{key: key, now: time.Now, age: func() time.Duration { return time.Since(began) }}
}

// sign returns the query that makes a link good, and until when it does.
func (c signer) sign(kind, id string) (query url.Values, expires time.Time) {
	exp := strconv.FormatInt((c.age() + linkLifetime).Milliseconds(), 10)
	return url.Values{"exp": {exp}, "sig": {c.signature(kind, id, exp)}}, c.now().Add(linkLifetime)
}

func (c signer) signature(kind, id, exp string) string {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(kind + "\x00" + id + "\x00" + exp))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// check tells whether a link of a kind was made here and is still good.
func (c signer) check(kind, id string, query url.Values) bool {
	exp := query.Get("exp")
	if !hmac.Equal([]byte(query.Get("sig")), []byte(c.signature(kind, id, exp))) {
		return false
	}
	expires, err := strconv.ParseInt(exp, 10, 64)
	return err == nil && c.age().Milliseconds() < expires
}
