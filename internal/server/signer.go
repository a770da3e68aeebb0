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

// clipLifetime is long enough to play a recording, and to go back in it.
const clipLifetime = 10 * time.Minute

// clipSigner makes and checks links to recordings. Its key is known to this process only: a restart ends every link.
type clipSigner struct {
	key []byte
	now func() time.Time
}

func newClipSigner(random io.Reader) clipSigner {
	key := make([]byte, sha256.Size)
	_, _ = io.ReadFull(random, key) // crypto/rand never fails: it ends the program instead
	return clipSigner{key: key, now: time.Now}
}

// sign returns a link that is relative to the page's address, so that it works behind a proxy with a path of its own.
func (c clipSigner) sign(id string) (link string, expires time.Time) {
	expires = c.now().Add(clipLifetime).Truncate(time.Second)
	exp := strconv.FormatInt(expires.Unix(), 10)
	query := url.Values{"exp": {exp}, "sig": {c.signature(id, exp)}}
	return "api/clips/" + url.PathEscape(id) + "?" + query.Encode(), expires
}

func (c clipSigner) signature(id, exp string) string {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte("clip\x00" + id + "\x00" + exp))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// check tells whether a link to the clip of id was made here and is still good.
func (c clipSigner) check(id string, query url.Values) bool {
	exp := query.Get("exp")
	if !hmac.Equal([]byte(query.Get("sig")), []byte(c.signature(id, exp))) {
		return false
	}
	expires, err := strconv.ParseInt(exp, 10, 64)
	return err == nil && c.now().Unix() < expires
}
