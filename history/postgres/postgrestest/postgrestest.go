// Package postgrestest gives tests a real PostgreSQL server of their own.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	patience = 30 * time.Second // bounds every wait, generous because tests share a busy machine
	pace     = 10 * time.Millisecond
	admin    = "keeper" // who may do everything
	version  = "15"     // where Debian keeps its programs, when they are not in PATH
)

// Server is a PostgreSQL process with a folder of its own.
type Server struct {
	t        testing.TB
	bin      string // folder of its programs
	dir      string
	port     string
	password string
	settings []string
	as       *syscall.Credential // nil: as we are
	cmd      *exec.Cmd
	made     atomic.Int64 // databases
}

// Start starts a server on a free port of the loopback address, with settings such as "wal_recycle=off". It ends with the test.
// It does not sync its files, as no test cuts the power; "fsync=on" has it do so.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := &Server{t: t, port: freePort(t), password: "word-of-the-keeper", settings: settings}
	var err error
	if s.dir, err = os.MkdirTemp("", "postgrestest"); err != nil { // nobody but us gets into TempDir
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(s.dir) })
	if s.bin, err = find(); err != nil {
		t.Fatal(err)
	}
	if s.as, err = unprivileged(); err != nil {
		t.Fatal(err)
	}
	if err := s.initialize(); err != nil {
		t.Fatalf("make a PostgreSQL server: %v", err)
	}
	t.Cleanup(s.Stop)
	s.Start()
	return s
}

// find looks for the folder of the server's programs.
func find() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	dir := filepath.Join("/usr/lib/postgresql", version, "bin")
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return "", errors.New("a PostgreSQL server is needed: scripts/needs.sh installs it")
	}
	return dir, nil
}

// unprivileged is somebody who the server lets run it, which is everybody but root.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err, err2)
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres")
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func (s *Server) initialize() error {
	words := filepath.Join(s.dir, "password")
	if err := os.WriteFile(words, []byte(s.password), 0o600); err != nil {
		return err
	}
	if s.as != nil {
		if err := errors.Join(os.Chown(s.dir, int(s.as.Uid), int(s.as.Gid)), os.Chown(words, int(s.as.Uid), int(s.as.Gid))); err != nil {
			return err
		}
	}
	out, err := s.command("initdb", "-D", s.DataDir(), "-U", admin, "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "--pwfile", words, "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = s.dir
	if s.as != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	}
	return cmd
}

// DataDir holds everything that the server keeps, its log too.
func (s *Server) DataDir() string { return filepath.Join(s.dir, "data") }

// URL is the address of a database for somebody who may do everything. It stays the same from Stop to Start.
func (s *Server) URL() string { return s.url("postgres") }

func (s *Server) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(admin, s.password), Host: "127.0.0.1:" + s.port, Path: "/" + database}
	return u.String()
}

// Database makes an empty database and returns its address, for somebody who may do everything.
func (s *Server) Database() string {
	s.t.Helper()
	name := fmt.Sprint("history", s.made.Add(1))
	s.Exec(`CREATE DATABASE ` + name)
	return s.url(name)
}

// Exec runs statements in the first database.
func (s *Server) Exec(statements ...string) {
	s.t.Helper()
	s.ask(func(ctx context.Context, conn *pgx.Conn) {
		for _, statement := range statements {
			if _, err := conn.Exec(ctx, statement); err != nil {
				s.t.Fatalf("%s: %v", statement, err)
			}
		}
	})
}

// ask has fn use a connection to the first database.
func (s *Server) ask(fn func(ctx context.Context, conn *pgx.Conn)) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		s.t.Fatalf("connect to the PostgreSQL server: %v", err)
	}
	defer conn.Close(ctx)
	fn(ctx, conn)
}

// Deserted waits until nobody is connected: the server goes on for a while with what a client that was killed had asked for.
func (s *Server) Deserted() {
	s.t.Helper()
	const others = `SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01) WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`
	s.ask(func(ctx context.Context, conn *pgx.Conn) {
		for clients := 1; clients > 0; {
			if err := conn.QueryRow(ctx, others).Scan(&clients); err != nil {
				s.t.Fatalf("wait until nobody is connected to the PostgreSQL server: %v", err)
			}
		}
	})
}

// Start starts the server again after Stop, and returns when it answers.
func (s *Server) Start() {
	s.t.Helper()
	args := []string{"-D", s.DataDir(), "-p", s.port, "-k", s.dir}
	for _, setting := range slices.Concat([]string{"listen_addresses=127.0.0.1", "fsync=off", "max_connections=200"}, s.settings) {
		args = append(args, "-c", setting)
	}
	said, err := os.OpenFile(filepath.Join(s.DataDir(), "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer said.Close()
	s.cmd = s.command("postgres", args...)
	s.cmd.Stdout, s.cmd.Stderr = said, said
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start the PostgreSQL server: %v", err)
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if err = s.answers(); err == nil {
			return
		}
	}
	s.Stop()
	log, _ := os.ReadFile(said.Name())
	s.t.Fatalf("the PostgreSQL server does not answer within %v: %v\n%s", patience, err, log)
}

func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// Stop ends the server at once, as an outage would. What it has committed stays.
func (s *Server) Stop() {
	if s.cmd != nil {
		s.Thaw()
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // its word for it; SIGKILL would leave its children behind
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// Freeze has the server not answer any more, while its connections stay. Thaw ends that.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw has a frozen server go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

// signal signals the server and its children, of which any may have ended.
func (s *Server) signal(sig syscall.Signal) {
	_ = s.cmd.Process.Signal(sig)
	pid := strconv.Itoa(s.cmd.Process.Pid)
	children, _ := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children"))
	for child := range strings.FieldsSeq(string(children)) {
		if n, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(n, sig)
		}
	}
}
