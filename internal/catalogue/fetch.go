package catalogue

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// maxArchive is the most bytes of an archive; the only one known has 7 MB.
	maxArchive = 16 << 20
	fetchTime  = 3 * time.Minute
)

// Fetch downloads the model, over https only, and returns it when it is the one that the catalogue means.
func (m Model) Fetch(ctx context.Context, via *http.Client) ([]byte, error) {
	data, err := m.fetch(ctx, via)
	if err != nil {
		return nil, fmt.Errorf("fetch %s from %s: %w", m.Name, m.URL, err)
	}
	return data, nil
}

func (m Model) fetch(ctx context.Context, via *http.Client) ([]byte, error) {
	limit := m.Size
	if m.Inside != "" {
		limit = maxArchive
	}
	data, err := download(ctx, via, m.URL, limit)
	if err != nil {
		return nil, err
	}
	if m.Inside != "" {
		if data, err = unpack(data, m.Inside, m.Size); err != nil {
			return nil, err
		}
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != m.SHA256 {
		return nil, errors.New("it is not the file that the catalogue names (its sha256 differs); nothing was written")
	}
	return data, nil
}

func download(ctx context.Context, via *http.Client, url string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	safe := *via
	safe.CheckRedirect = func(next *http.Request, before []*http.Request) error {
		if next.URL.Scheme != "https" || len(before) > 5 {
			return errors.New("it leads to an address that is not https, or on and on")
		}
		return nil
	}
	resp, err := safe.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %s", resp.Status)
	}
	return readAll(resp.Body, limit)
}

// unpack returns a file of a ZIP archive.
func unpack(archive []byte, name string, limit int64) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("open the archive: %w", err)
	}
	f, err := z.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the archive: %w", err)
	}
	defer f.Close()
	return readAll(f, limit)
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it is larger than %d bytes; nothing was written", limit)
	}
	return data, err
}
