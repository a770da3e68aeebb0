package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// process is a child in its own process group that serves a loopback port.
type process struct {
	name string
	pid  int
	port int
	done chan struct{} // closed when the child has ended
	err  error         // how it ended, valid after done
}

// startProcess starts a program that will serve a port, and appends what it prints to NAME.log in the folder.
func startProcess(name, folder string, port int, command ...string) (*process, error) {
	file, err := os.OpenFile(filepath.Join(folder, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = file, file
	// A test binary that is killed cannot clean up, so the kernel does.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{name: name, port: port, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The death signal is tied to the thread that started the child, so the thread has to stay until the child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// stop asks the child to end and kills it when it has not done so within the grace. The error says that, or that it had ended
// before, or that it left processes behind.
func (p *process) stop(grace time.Duration) error {
	select {
	case <-p.done:
		return errors.Join(fmt.Errorf("stop %s: it had ended by itself: %v", p.name, p.err), p.sweep())
	default:
	}
	if err := syscall.Kill(p.pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.done:
		return p.sweep()
	case <-time.After(grace):
		return errors.Join(fmt.Errorf("stop %s: killed, it had not ended after %v", p.name, grace), p.kill())
	}
}

// kill ends the child and everything in its process group at once.
func (p *process) kill() error {
	if err := syscall.Kill(-p.pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	<-p.done
	return p.sweep()
}

// sweep waits a little for the children of an ended child, and kills and reports those that stay.
func (p *process) sweep() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := poll(ctx, func() (bool, error) {
		return errors.Is(syscall.Kill(-p.pid, 0), syscall.ESRCH), nil
	})
	if err == nil {
		return nil
	}
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	return fmt.Errorf("stop %s: it left processes behind, they were killed", p.name)
}

// listening waits until the child accepts connections.
func (p *process) listening(ctx context.Context) error {
	return poll(ctx, func() (bool, error) {
		select {
		case <-p.done:
			return false, fmt.Errorf("%s ended early: %v", p.name, p.err)
		default:
		}
		conn, err := net.Dial("tcp", address(p.port))
		if err != nil {
			return false, nil
		}
		return true, conn.Close()
	})
}

// poll calls ok until it is true or fails, or the context is over.
func poll(ctx context.Context, ok func() (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := ok(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// freePort returns a loopback port that is free. It is below those that systems give to outgoing connections, so that it is still
// free when the server has loaded, and after a restart.
func freePort() (int, error) {
	for {
		port := 20000 + rand.IntN(10000)
		listener, err := net.Listen("tcp", address(port))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return 0, err
		}
		return port, listener.Close()
	}
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
