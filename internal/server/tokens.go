package server

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// Role says what a token may do; each role may do what the one before it may.
type Role string

// The roles.
const (
	Read   Role = "read"   // see the history and the microphones
	Listen Role = "listen" // play recordings too
	Admin  Role = "admin"  // delete and mute too
)

// Valid tells whether r is one of the roles.
func (r Role) Valid() bool { return r.rank() > 0 }

func (r Role) rank() int { return slices.Index([]Role{"", Read, Listen, Admin}, r) }

// allows tells whether somebody with role r may do what needs the role need.
func (r Role) allows(need Role) bool { return r.Valid() && r.rank() >= need.rank() }

// Identity is who a token stands for.
type Identity struct {
	Name string
	Role Role
	hash tokenHash // which token it was, so that its end can be noticed
}

// TokenInfo describes a token without its secret.
type TokenInfo struct {
	Name    string    `json:"name"`
	Role    Role      `json:"role"`
	Created time.Time `json:"created"`
}

// ErrTokenExists and ErrUnknownToken are about the name of a token.
var (
	ErrTokenExists  = errors.New("there is a token of that name already; choose another name, or revoke it first")
	ErrUnknownToken = errors.New("there is no token of that name")
)

// tokenHash is the SHA-256 of a secret. Secrets are random and long, so that no slow hash is needed.
type tokenHash [sha256.Size]byte

type token struct {
	TokenInfo
	hash tokenHash
}

// Tokens are the secrets by which programs and pages sign in. What the file holds cannot be used to sign in.
type Tokens struct {
	path string

	mu       sync.Mutex // guards what follows
	file     []token
	seen     os.FileInfo // of the file as it was read; nil when there was none
	err      error       // why the file cannot be used; nil when it can
	sessions []token     // in memory only
	watchers map[chan struct{}]struct{}
}

const (
	secretPrefix = "earshot_"
	secretBytes  = 32
	maxTokenName = 100 // characters
	maxTokens    = 1000
)

// OpenTokens reads the token file at path, which need not be there yet.
func OpenTokens(path string) (*Tokens, error) {
	t := &Tokens{path: path, watchers: map[chan struct{}]struct{}{}}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reload()
	if t.err != nil {
		return nil, t.err
	}
	return t, nil
}

// Create makes a token and stores it. The secret is returned this once and cannot be read again.
func (t *Tokens) Create(name string, role Role) (secret string, err error) {
	secret, made, err := newToken(name, role)
	if err != nil {
		return "", fmt.Errorf("create token %q: %w", name, err)
	}
	err = t.change(func() error {
		if slices.ContainsFunc(t.file, func(other token) bool { return other.Name == name }) {
			return ErrTokenExists
		}
		if len(t.file) >= maxTokens {
			return fmt.Errorf("there are %d tokens; revoke those that are not used", len(t.file))
		}
		t.file = append(t.file, made)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("create token %q: %w", name, err)
	}
	return secret, nil
}

// Session makes a token that is known to this process only and ends with it.
func (t *Tokens) Session(name string, role Role) (secret string, err error) {
	secret, made, err := newToken(name, role)
	if err != nil {
		return "", fmt.Errorf("create session %q: %w", name, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sessions = append(t.sessions, made)
	return secret, nil
}

// newToken draws a secret.
func newToken(name string, role Role) (secret string, made token, err error) {
	if problem := checkTokenName(name); problem != "" {
		return "", token{}, errors.New(problem)
	}
	if !role.Valid() {
		return "", token{}, fmt.Errorf("%q is not a role; use read, listen or admin", role)
	}
	random := make([]byte, secretBytes)
	_, _ = rand.Read(random) // never fails: crypto/rand ends the program instead
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(random)
	made = token{TokenInfo{Name: name, Role: role, Created: time.Now().UTC().Truncate(time.Second)}, sha256.Sum256([]byte(secret))}
	return secret, made, nil
}

func checkTokenName(name string) string {
	if strings.TrimSpace(name) == "" {
		return "a token needs a name that says what it is for"
	}
	if utf8.RuneCountInString(name) > maxTokenName {
		return fmt.Sprintf("the name is longer than %d characters", maxTokenName)
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "the name holds characters that cannot be shown"
	}
	return ""
}

// Verify tells who a secret belongs to.
func (t *Tokens) Verify(secret string) (Identity, bool) {
	hash := tokenHash(sha256.Sum256([]byte(secret)))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refresh()
	return t.find(hash)
}

// find compares with every token and in constant time, so that how long it takes says nothing.
func (t *Tokens) find(hash tokenHash) (who Identity, found bool) {
	for _, list := range [][]token{t.file, t.sessions} {
		for i := range list {
			if subtle.ConstantTimeCompare(list[i].hash[:], hash[:]) == 1 {
				who, found = Identity{Name: list[i].Name, Role: list[i].Role, hash: hash}, true
			}
		}
	}
	return who, found
}

// current tells whether an identity that was verified is still good.
func (t *Tokens) current(who Identity) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refresh()
	now, found := t.find(who.hash)
	return found && now == who
}

// List describes the tokens of the file, oldest first.
func (t *Tokens) List() []TokenInfo {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refresh()
	list := make([]TokenInfo, len(t.file))
	for i := range t.file {
		list[i] = t.file[i].TokenInfo
	}
	return list
}

// Revoke ends a token, and with it every connection that signed in by it. A name that is not there is an ErrUnknownToken.
func (t *Tokens) Revoke(name string) error {
	named := func(other token) bool { return other.Name == name }
	t.mu.Lock()
	before := len(t.sessions)
	t.sessions = slices.DeleteFunc(t.sessions, named)
	wasSession := len(t.sessions) < before
	t.mu.Unlock()
	err := t.change(func() error {
		kept := slices.DeleteFunc(slices.Clone(t.file), named)
		if len(kept) == len(t.file) {
			return ErrUnknownToken
		}
		t.file = kept
		return nil
	})
	if errors.Is(err, ErrUnknownToken) && wasSession {
		err = nil
	}
	t.announce()
	if err != nil {
		return fmt.Errorf("revoke token %q: %w", name, err)
	}
	return nil
}

// change edits t.file and writes it, while no other process can.
func (t *Tokens) change(edit func() error) error {
	// The lock comes first: nobody who signs in has to wait for another process.
	unlock, err := lockTokenFile(t.path)
	if err != nil {
		return err
	}
	defer unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reload()
	if t.err != nil {
		return t.err
	}
	before := t.file
	if err := edit(); err != nil {
		return err
	}
	if err := writeTokenFile(t.path, t.file); err != nil {
		t.file = before
		return err
	}
	t.seen, t.err = os.Stat(t.path)
	return t.err
}

// refresh reads the file again when it is not the one that was read last.
func (t *Tokens) refresh() {
	info, err := os.Stat(t.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && t.seen == nil && t.err == nil:
		return
	case err == nil && t.seen != nil && t.err == nil && os.SameFile(info, t.seen) &&
		info.ModTime().Equal(t.seen.ModTime()) && info.Size() == t.seen.Size():
		return
	}
	t.reload()
}

// reload reads the file. While it cannot be read no token of it is valid: a token that was revoked must not come back.
func (t *Tokens) reload() {
	// What is read is at least as new as this: a change in between is seen by the next refresh.
	info, err := os.Stat(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		t.file, t.seen, t.err = nil, nil, nil
		return
	}
	list, err := readTokenFile(t.path)
	if err != nil {
		t.file, t.seen, t.err = nil, nil, err
		return
	}
	t.file, t.seen, t.err = list, info, nil
}

// problem is why the token file cannot be used, nil when it can.
func (t *Tokens) problem() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// watchRevoked returns a channel that holds a value after a token has been revoked by this process.
func (t *Tokens) watchRevoked() (revoked <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watchers[c] = struct{}{}
	return c, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.watchers, c)
	}
}

func (t *Tokens) announce() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.watchers {
		select {
		case c <- struct{}{}:
		default: // a value waits already
		}
	}
}
