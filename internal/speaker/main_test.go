package speaker_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// fakeAplay stands for aplay; its device is fake:MODE:FOLDER. Its arguments, its input and what it does go to files of the folder.
const fakeAplay = `#!/bin/sh
for a; do
	case $a in --device=fake:*) rest=${a#--device=fake:}; mode=${rest%%:*}; dir=${rest#*:} ;; esac
done
cd "$dir" || exit 9
printf '%s\n' "$@" >args
case $mode in
play) echo start >>log; cat >>raw; echo end >>log ;;
fail) echo 'first line' >&2; echo 'main:830: audio open error: No such file or directory' >&2; exit 1 ;;
short) head -c 1000 >raw; exit 0 ;;
deaf) exec sleep 60 ;;
stubborn) trap '' TERM; sleep 60 & echo $! >child; echo $$ >pid; mv pid self; cat >raw; wait ;;
esac
`

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run puts the fake aplay before the real one, and wants every goroutine of the package gone at the end.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "aplay")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	err = os.WriteFile(filepath.Join(dir, "aplay"), []byte(fakeAplay), 0o700)
	if err == nil {
		err = os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	for deadline := time.Now().Add(2 * time.Second); len(ours()) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			fmt.Fprintf(os.Stderr, "goroutines are left:\n%s\n", strings.Join(ours(), "\n\n"))
			return 1
		}
	}
	return code
}

// ours are the goroutines that this package, its players and its connections started; others belong to the testing package.
func ours() []string {
	stacks := make([]byte, 1<<20)
	all := strings.Split(string(stacks[:runtime.Stack(stacks, true)]), "\n\n")
	return slices.DeleteFunc(all, func(s string) bool {
		return !strings.Contains(s, "created by earshot/internal/speaker") && !strings.Contains(s, "created by os/exec") && !strings.Contains(s, "created by net/http")
	})
}

// await polls until cond holds, and fails the test when it does not in time.
func await(t *testing.T, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// chirp is a tone that rises from 200 Hz by 1800 Hz each second, at -12 dBFS.
// The MP3 files of testdata are chirps of one second, made of a WAV file with ffmpeg's libmp3lame: mono16.mp3 with 32 kbit/s (MPEG-2) and no tags,
// stereo44.mp3 with 96 kbit/s (MPEG-1) and tags of ID3v2 and ID3v1.
func chirp(rate int, seconds float64) []int16 {
	pcm := make([]int16, int(float64(rate)*seconds))
	for i := range pcm {
		t := float64(i) / float64(rate)
		pcm[i] = int16(math.Round(8000 * math.Sin(2*math.Pi*(200*t+900*t*t))))
	}
	return pcm
}

// wavOf makes a WAV file of any format; size -1 is the true size of the data.
func wavOf(tag, channels, rate, bits int, data []byte, size int64) []byte {
	if size < 0 {
		size = int64(len(data))
	}
	b := bytes.NewBufferString("RIFF\xff\xff\xff\xffWAVELIST\x03\x00\x00\x00abc\x00fmt \x10\x00\x00\x00")
	align := channels * bits / 8
	for _, v := range []any{uint16(tag), uint16(channels), uint32(rate), uint32(rate * align), uint16(align), uint16(bits)} {
		_ = binary.Write(b, binary.LittleEndian, v) // a buffer takes all
	}
	b.WriteString("data")
	_ = binary.Write(b, binary.LittleEndian, uint32(size))
	b.Write(data)
	return b.Bytes()
}

// wav16 makes an ordinary WAV file.
func wav16(pcm []int16, rate, channels int) []byte {
	return wavOf(1, channels, rate, 16, bytes16(pcm), -1)
}

func bytes16(pcm []int16) []byte {
	var b []byte
	for _, v := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func pcm16(b []byte) []int16 {
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm
}

// readFile is the content of a file, or nothing.
func readFile(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return string(b)
}
