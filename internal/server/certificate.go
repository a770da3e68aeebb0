package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/rs/zerolog"
)

// certificate is what browsers know this server by. It is read again when its files change, as they do every few weeks.
type certificate struct {
	files [2]string // certificate and key
	log   zerolog.Logger

	mu   sync.Mutex // guards what follows
	pair *tls.Certificate
	seen [2]os.FileInfo // of the files as they were when they were read last
}

func openCertificate(certFile, keyFile string, log zerolog.Logger) (*certificate, error) {
	c := &certificate{files: [2]string{certFile, keyFile}, log: log}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// config is for a listener. WebSockets need HTTP/1.1.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: c.get}
}

// load reads the files. seen is as old as what is read, or older: a change in between is seen the next time.
func (c *certificate) load() error {
	c.seen = c.stat()
	pair, err := tls.LoadX509KeyPair(c.files[0], c.files[1])
	if err != nil {
		return fmt.Errorf("read server.cert_file and server.key_file: %w", err)
	}
	c.pair = &pair
	return nil
}

// stat is how the files are; nil for one that is not there.
func (c *certificate) stat() (now [2]os.FileInfo) {
	for i, file := range c.files {
		if info, err := os.Stat(file); err == nil {
			now[i] = info
		}
	}
	return now
}

// get goes on with the certificate it has while the files do not fit together: they are not written at the same time.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, now := range c.stat() {
		if sameFile(now, c.seen[i]) {
			continue
		}
		if err := c.load(); err != nil {
			c.log.Warn().Err(err).Msg("the new certificate cannot be used, or not yet; the one before stays")
		} else {
			c.log.Info().Msg("the certificate was read again")
		}
		break
	}
	return c.pair, nil
}

// LocalTLS is how a program of this machine recognises the server: by the certificate in cert_file itself, as that is hardly ever made out to a
// loopback address. It is nil without encryption.
func (c Config) LocalTLS() (*tls.Config, error) {
	if c.CertFile == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read server.cert_file and server.key_file: %w", err)
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // the names; VerifyConnection takes this one certificate and no other
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 || !bytes.Equal(state.PeerCertificates[0].Raw, pair.Certificate[0]) {
				return errors.New("the program that listens there shows another certificate than server.cert_file")
			}
			return nil
		},
	}, nil
}

func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
