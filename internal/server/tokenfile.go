package server

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"earshot/internal/durable"
)

// tokenFile is the JSON of the token file.
type tokenFile struct {
	Version int           `json:"version"`
	Tokens  []storedToken `json:"tokens"`
}

type storedToken struct {
	Name    string    `json:"name"`
	Role    Role      `json:"role"`
	SHA256  string    `json:"sha256"` // of the secret, hexadecimal
	Created time.Time `json:"created"`
}

const (
	tokenFileVersion = 1
	maxTokenFile     = 1 << 20 // bytes
)

func readTokenFile(path string) ([]token, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxTokenFile+1))
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	list, err := parseTokenFile(data)
	if err != nil {
		return nil, fmt.Errorf("read tokens from %s: %w; repair the file, or remove it and create the tokens again", path, err)
	}
	return list, nil
}

func parseTokenFile(data []byte) ([]token, error) {
	if len(data) > maxTokenFile {
		return nil, errors.New("larger than 1 MiB")
	}
	var file tokenFile
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return nil, err
	}
	if file.Version != tokenFileVersion {
		return nil, fmt.Errorf("version %d is not known, only %d is", file.Version, tokenFileVersion)
	}
	list := make([]token, len(file.Tokens))
	for i, stored := range file.Tokens {
		list[i] = token{TokenInfo: TokenInfo{Name: stored.Name, Role: stored.Role, Created: stored.Created}}
		sum, err := hex.DecodeString(stored.SHA256)
		if err != nil || len(sum) != len(list[i].hash) || !stored.Role.Valid() || checkTokenName(stored.Name) != "" {
			return nil, fmt.Errorf("token %d of the list is damaged", i+1)
		}
		list[i].hash = tokenHash(sum)
	}
	return list, nil
}

// writeTokenFile replaces the file in one step, so that no reader ever sees half of it.
func writeTokenFile(path string, list []token) error {
	file := tokenFile{Version: tokenFileVersion, Tokens: make([]storedToken, len(list))}
	for i, t := range list {
		file.Tokens[i] = storedToken{Name: t.Name, Role: t.Role, SHA256: hex.EncodeToString(t.hash[:]), Created: t.Created}
	}
	data, err := json.MarshalIndent(file, "", "  ")
	if err == nil {
		err = durable.Replace(path, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write tokens: %w", err)
	}
	return nil
}

// lockTokenFile keeps other processes from changing the file until unlock is called. The lock is a file of its own, as the
// token file is replaced by each change.
func lockTokenFile(path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("lock tokens: %w", err)
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock tokens: %w", err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock tokens: %w", err)
	}
	return func() { _ = f.Close() }, nil // closing gives the lock back
}
