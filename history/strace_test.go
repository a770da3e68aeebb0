package history_test

import (
	"bufio"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// tracedCalls are the system calls that change a folder. What replay does not know of them ends the test when it is done to the folder.
const tracedCalls = "open,openat,openat2,creat,pwrite64,write,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,rename,renameat," +
	"renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,symlinkat,mkdir,mkdirat,close,dup,dup2,dup3,fcntl,copy_file_range,sendfile"

// call is a system call that has ended. Its times are lines of the trace.
type call struct {
	name       string
	args       []string
	result     int
	began, end int
}

// readTrace reads what strace has written of one process, in the order in which the calls ended. A call that the end of the process cut off is
// not among them.
func readTrace(t *testing.T, path string) (calls []call) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	begun := map[string]call{} // by thread
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for n := 0; lines.Scan(); n++ {
		thread, rest, _ := strings.Cut(lines.Text(), " ")
		rest = strings.TrimLeft(rest, " ")
		c := call{began: n, end: n}
		if resumed, ok := strings.CutPrefix(rest, "<... "); ok {
			c = begun[thread]
			c.end = n
			_, rest, _ = strings.Cut(resumed, " resumed>")
		} else if c.name, rest, ok = strings.Cut(rest, "("); !ok {
			continue // a signal, or the end of the process
		}
		if rest, ok := strings.CutSuffix(rest, " <unfinished ...>"); ok {
			c.args = arguments(rest)
			begun[thread] = c
			continue
		}
		end := strings.LastIndex(rest, ") ")
		if end < 0 {
			continue // the end of the process cut it off
		}
		result := strings.Fields(strings.TrimLeft(rest[end+1:], " ="))[0]
		if c.result, err = strconv.Atoi(result); err != nil {
			continue // it is not known
		}
		c.args = append(c.args, arguments(rest[:end])...)
		calls = append(calls, c)
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return calls
}

func arguments(list string) []string {
	list = strings.Trim(list, ", ")
	if list == "" {
		return nil
	}
	return strings.Split(list, ", ")
}

// number is an argument that is a number; -1 where it is something else, such as AT_FDCWD.
func (c call) number(arg int) int {
	n, err := strconv.Atoi(c.args[arg])
	if err != nil {
		return -1
	}
	return n
}

// bytes is an argument that is a string, which strace was asked to write in hexadecimal.
func (c call) bytes(t *testing.T, arg int) []byte {
	t.Helper()
	text, whole := strings.CutSuffix(strings.TrimPrefix(c.args[arg], `"`), `"`)
	data, err := hex.DecodeString(strings.ReplaceAll(text, `\x`, ""))
	if err != nil || !whole {
		t.Fatalf("line %d of the trace: %s: argument %d is cut off: %v", c.end, c.name, arg, err)
	}
	return data
}

// recorder turns calls into what they do to a folder.
type recorder struct {
	t    *testing.T
	root string
	disk *disk
	fds  map[int]*inode
	line int      // of the traces before this one
	said []saying // what the process said on its standard output
}

type saying struct {
	at   int
	text string
}

// record does what one process did. The one before it was killed: what it has written is in the memory of the machine.
func (r *recorder) record(trace string) {
	r.fds = map[int]*inode{}
	last := 0
	for _, c := range readTrace(r.t, trace) {
		last = c.end
		c.began, c.end = c.began+r.line, c.end+r.line
		if c.result >= 0 {
			r.do(c)
		}
	}
	r.line += last + 1
}

// find resolves a path, which may be relative to an open folder. The name is "" when the path is not below the root.
func (r *recorder) find(at int, path string) (folder *inode, name string) {
	folder = r.fds[at]
	if filepath.IsAbs(path) {
		below, err := filepath.Rel(r.root, path)
		if err != nil || strings.HasPrefix(below, "..") {
			return nil, ""
		}
		folder, path = r.disk.root, below
	}
	if folder == nil {
		return nil, ""
	}
	parts := strings.Split(filepath.Clean(path), "/")
	for _, p := range parts[:len(parts)-1] {
		if folder = folder.live[p]; folder == nil {
			return nil, ""
		}
	}
	return folder, parts[len(parts)-1]
}

func (r *recorder) do(c call) {
	r.t.Helper()
	switch c.name {
	case "open":
		r.open(c, -1, 0)
	case "openat":
		r.open(c, c.number(0), 1)
	case "close":
		delete(r.fds, c.number(0))
	case "fcntl":
		if strings.HasPrefix(c.args[1], "F_DUPFD") && r.fds[c.number(0)] != nil {
			r.fds[c.result] = r.fds[c.number(0)]
		}
	case "unlink":
		r.name(c, -1, 0, nil)
	case "unlinkat":
		r.name(c, c.number(0), 1, nil)
	case "mkdir":
		r.name(c, -1, 0, newFolder())
	case "mkdirat":
		r.name(c, c.number(0), 1, newFolder())
	case "rename":
		r.rename(c, -1, 0, -1, 1)
	case "renameat", "renameat2":
		r.rename(c, c.number(0), 1, c.number(2), 3)
	default:
		r.doFile(c)
	}
}

// doFile is do for calls on open files.
func (r *recorder) doFile(c call) {
	r.t.Helper()
	node := r.fds[c.number(0)]
	if node == nil {
		if c.name == "write" && c.number(0) == 1 {
			r.said = append(r.said, saying{c.began, string(c.bytes(r.t, 1))})
		}
		return
	}
	switch c.name {
	case "write": // only files that are written from their beginning to their end
		r.write(c, node, node.size)
	case "pwrite64":
		r.write(c, node, int64(c.number(3)))
	case "ftruncate":
		node.change(c.end, int64(c.number(1)), nil)
	case "fsync", "fdatasync":
		node.sync(c.began, c.end)
	default:
		r.t.Fatalf("line %d of the trace: %s is done to the folder, and this test does not know what it does", c.end, c.name)
	}
}

func (r *recorder) write(c call, node *inode, at int64) {
	r.t.Helper()
	node.change(c.end, at, c.bytes(r.t, 1)[:c.result])
}

func (r *recorder) open(c call, at, arg int) {
	r.t.Helper()
	delete(r.fds, c.result)
	folder, name := r.find(at, string(c.bytes(r.t, arg)))
	if folder == nil {
		return
	}
	if name == "." {
		r.fds[c.result] = folder
		return
	}
	node := folder.live[name]
	if node == nil {
		if !strings.Contains(c.args[arg+1], "O_CREAT") {
			r.t.Fatalf("line %d of the trace: %s was opened, and this test does not know of it", c.end, name)
		}
		node = &inode{}
		folder.name(c.end, name, node)
	} else if strings.Contains(c.args[arg+1], "O_TRUNC") {
		node.change(c.end, 0, nil)
	}
	r.fds[c.result] = node
}

// name gives a name to something new, or takes a name away.
func (r *recorder) name(c call, at, arg int, node *inode) {
	r.t.Helper()
	if folder, name := r.find(at, string(c.bytes(r.t, arg))); folder != nil {
		folder.name(c.end, name, node)
	}
}

func (r *recorder) rename(c call, fromAt, from, toAt, to int) {
	r.t.Helper()
	oldFolder, oldName := r.find(fromAt, string(c.bytes(r.t, from)))
	newFolder, newName := r.find(toAt, string(c.bytes(r.t, to)))
	if oldFolder == nil || newFolder == nil {
		return
	}
	there := newFolder.name(c.end, newName, oldFolder.live[oldName])
	oldFolder.name(c.end, oldName, nil).after = there
}
