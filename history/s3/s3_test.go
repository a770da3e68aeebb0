package s3_test

import (
	"strings"
	"testing"

	"earshot/history"
	"earshot/history/historytest"
	"earshot/history/s3"
	"earshot/history/s3/s3test"
)

const bucket = "recordings"

// config is how a prefix of the test server's bucket is reached.
func config(server *s3test.Server, prefix string) s3.Config {
	return s3.Config{Endpoint: server.Endpoint(), Bucket: bucket, Prefix: prefix, AccessKey: server.AccessKey(), SecretKey: server.SecretKey()}
}

func open(t *testing.T, c s3.Config) *s3.Blobs {
	t.Helper()
	b, err := s3.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// start starts a server with an empty bucket.
func start(t *testing.T) *s3test.Server {
	t.Helper()
	server := s3test.Start(t)
	server.Bucket(bucket)
	return server
}

// suite proves the contract; every test has a prefix of its own.
func suite(t *testing.T, server *s3test.Server) {
	historytest.TestBlobs(t, func(t *testing.T) func() history.Blobs {
		prefix := strings.ReplaceAll(t.TempDir(), "/", "_")
		return func() history.Blobs { return open(t, config(server, prefix)) }
	})
}

func TestBlobs(t *testing.T) { suite(t, start(t)) }

// TestBlobsVersions proves the contract in a bucket that keeps former versions.
func TestBlobsVersions(t *testing.T) {
	server := start(t)
	server.KeepVersions(bucket)
	suite(t, server)
}
