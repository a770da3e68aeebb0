package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// keyError is what is wrong with the file that a key of the configuration names.
type keyError struct{ key, problem string }

// Error names the key and the problem.
func (e *keyError) Error() string { return "mqtt." + e.key + " " + e.problem }

// TLS reads the certificates that the broker at Config.URL is known by, and those that we show it.
func (c Config) TLS() (*tls.Config, *keyError) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		data, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, &keyError{"ca_file", fmt.Sprintf("cannot be read: %v", err)}
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(data) {
			return nil, &keyError{"ca_file", "holds no certificate; it has to be a PEM file"}
		}
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return nil, &keyError{"key_file", "and cert_file belong together; set both, or neither"}
	}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, &keyError{"cert_file", fmt.Sprintf("and key_file cannot be used: %v", err)}
		}
		secure.Certificates = []tls.Certificate{pair}
	}
	return secure, nil
}
