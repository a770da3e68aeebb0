package server

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// The bounds of one-time codes. At most ten an hour with five guesses each leave a stranger who tries all year one chance in 200.
const (
	codeDigits   = 8
	codeLifetime = 10 * time.Minute
	codeTries    = 5
	codeBurst    = 3 // codes that may be asked for in a row
	codeEvery    = 6 * time.Minute
)

// oneTimeCode lets somebody in who can read the bridge's log. There is one at a time; the zero value is none.
type oneTimeCode struct {
	mu      sync.Mutex
	code    string // "" when there is none
	expires time.Time
	tries   int       // that are left
	paid    time.Time // until when the codes so far have to last, each of them for codeEvery
}

// draw makes a code, which replaces the one before; false when too many were asked for.
func (o *oneTimeCode) draw(now time.Time) (code string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.paid.Before(now) {
		o.paid = now
	}
	if o.paid.Sub(now) > (codeBurst-1)*codeEvery {
		return "", false
	}
	o.paid = o.paid.Add(codeEvery)
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return "", false // never: crypto/rand ends the program instead
	}
	o.code, o.expires, o.tries = fmt.Sprintf("%0*d", codeDigits, n), now.Add(codeLifetime), codeTries
	return o.code, true
}

// use tells whether a code is the right one, and ends it then, or after too many wrong ones.
func (o *oneTimeCode) use(code string, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.code == "" || !now.Before(o.expires) {
		o.code = ""
		return false
	}
	right := subtle.ConstantTimeCompare([]byte(o.code), []byte(code)) == 1
	o.tries--
	if right || o.tries == 0 {
		o.code = ""
	}
	if right {
		o.paid = time.Time{}
	}
	return right
}
