// Package s3test gives tests a real S3 server that is not ours.
package s3test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// patience bounds every wait, generous because tests share a busy machine.
const patience = 20 * time.Second

// program is versitygw, which scripts/needs.sh installs into labBin.
const (
	program = "versitygw"
	labBin  = ".lab/bin"
)

// Server is a versitygw process with a folder of its own.
type Server struct {
	t      testing.TB
	path   string
	addr   string
	dir    string
	secret string
	cmd    *exec.Cmd
}

// Start starts a server on a free port of the loopback address. It ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	path, err := find()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, path: path, addr: freeAddr(t), dir: t.TempDir(), secret: "a-secret-key-of-tests"}
	if err := errors.Join(os.Mkdir(s.buckets(), 0o700), os.Mkdir(s.versions(), 0o700)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.Start()
	return s
}

// find looks for the program in the module's folder for such things, and then in PATH.
func find() (string, error) {
	if _, file, _, ok := runtime.Caller(0); ok {
		here := filepath.Join(filepath.Dir(file), "..", "..", "..", labBin, program)
		if _, err := os.Stat(here); err == nil {
			return here, nil
		}
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s is needed: scripts/needs.sh installs it", program)
	}
	return path, nil
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Endpoint is the server's URL. It stays the same from Stop to Start.
func (s *Server) Endpoint() string { return "http://" + s.addr }

// AccessKey is the name of the user who may do everything.
func (s *Server) AccessKey() string { return "earshot-test" }

// SecretKey is that user's password.
func (s *Server) SecretKey() string { return s.secret }

// Dir holds everything that the server keeps, former versions too.
func (s *Server) Dir() string { return s.dir }

func (s *Server) buckets() string  { return filepath.Join(s.dir, "buckets") }
func (s *Server) versions() string { return filepath.Join(s.dir, "versions") }

// Start starts the server again after Stop, and returns when it answers.
func (s *Server) Start() {
	s.t.Helper()
	s.cmd = exec.Command(s.path, "--port", s.addr, "--quiet", "--health", "/health", "posix", "--versioning-dir", s.versions(), s.buckets())
	s.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKey(), "ROOT_SECRET_KEY="+s.secret)
	var said strings.Builder
	s.cmd.Stdout, s.cmd.Stderr = &said, &said
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	asker := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if resp, err := asker.Get(s.Endpoint() + "/health"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
	}
	s.Stop() // before what it said is read
	s.t.Fatalf("%s does not answer at %s within %v: %s", program, s.addr, patience, said.String())
}

// Stop kills the server, as an outage would. What it has stored stays.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// client is a client of the server with every right.
func (s *Server) client() *minio.Client {
	s.t.Helper()
	c, err := minio.New(s.addr, &minio.Options{Transport: &http.Transport{DisableKeepAlives: true}, Creds: credentials.NewStaticV4(s.AccessKey(), s.secret, ""), Region: "us-east-1"})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Bucket makes a bucket.
func (s *Server) Bucket(name string) {
	s.t.Helper()
	if err := s.client().MakeBucket(s.t.Context(), name, minio.MakeBucketOptions{}); err != nil {
		s.t.Fatalf("make bucket %s: %v", name, err)
	}
}

// KeepVersions makes a bucket keep what is replaced and deleted in it.
func (s *Server) KeepVersions(bucket string) {
	s.t.Helper()
	if err := s.client().EnableVersioning(s.t.Context(), bucket); err != nil {
		s.t.Fatalf("keep versions in bucket %s: %v", bucket, err)
	}
}

// StopVersions makes a bucket keep no further versions; those that are there stay.
func (s *Server) StopVersions(bucket string) {
	s.t.Helper()
	if err := s.client().SuspendVersioning(s.t.Context(), bucket); err != nil {
		s.t.Fatalf("stop keeping versions in bucket %s: %v", bucket, err)
	}
}
