package server

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// The bounds of one-time codes, for signing in and for pairing each. At most ten an hour with five guesses each leave a stranger who tries all year
// one chance in 200.
const (
	codeDigits   = 8
	codeLifetime = 10 * time.Minute // to sign in
	pairLifetime = 5 * time.Minute  // to pair
	codeTries    = 5
	codeBurst    = 3 // codes that may be asked for in a row
	codeEvery    = 6 * time.Minute
)

// oneTimeCode lets somebody in who can read it where the bridge shows it. There is one at a time; the zero value is none.
type oneTimeCode struct {
	mu      sync.Mutex
	code    string // "" when there is none
	expires time.Time
	tries   int       // that are left
	paid    time.Time // until when the codes so far have to last, each of them for codeEvery
}

// draw makes a code that is good for some time and replaces the one before; false when too many were asked for.
func (o *oneTimeCode) draw(now time.Time, lifetime time.Duration) (code string, ok bool) {
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
	o.code, o.expires, o.tries = fmt.Sprintf("%0*d", codeDigits, n), now.Add(lifetime), codeTries
	return o.code, true
}

// pending is the code that is good, and until when; "" when none is.
func (o *oneTimeCode) pending(now time.Time) (code string, expires time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.code == "" || !now.Before(o.expires) {
		return "", time.Time{}
	}
	return o.code, o.expires
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
