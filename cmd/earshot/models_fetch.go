package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The most bytes of what is added. ref: the readers refuse larger ones.
const (
	maxMicro = 1 << 20 // a manifest, or its network
	maxHead  = 4 << 20 // an openWakeWord model
)

func isAddress(from string) bool {
	return strings.HasPrefix(from, "https://") || strings.HasPrefix(from, "http://")
}

// baseName is the name of a file of this machine or at an address.
func baseName(from string) string {
	if u, err := url.Parse(from); err == nil && isAddress(from) {
		return filepath.Base(u.Path)
	}
	return filepath.Base(from)
}

// fetch reads a file of this machine or an http(s) address.
func fetch(ctx context.Context, from string, limit int64) ([]byte, error) {
	if !isAddress(from) {
		f, err := os.Open(from)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return readLimited(f, from, limit)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch %s: the server answers %s", from, resp.Status)
	}
	return readLimited(resp.Body, from, limit)
}

func readLimited(r io.Reader, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d MiB, too large for a wake-word model", name, limit>>20)
	}
	return data, nil
}
