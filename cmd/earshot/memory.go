package main

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// heapGrowth is by how many per cent the heap may grow before it is collected. What lives is 3 MB, and listening allocates nothing: collecting more often
// than Go does by itself costs no time that could be measured, and saves two megabytes.
const heapGrowth = 40

// releaseMemory gives the system back what only a start needs, such as what reading models and sentences took: small machines have other uses for it.
func releaseMemory() {
	debug.FreeOSMemory()
	releaseProgram()
}

// releaseProgram lets go of the pages of the program's own file, many of which only a start needs. They lie on the disk; those that are used again come back by
// themselves. Where it cannot be done, nothing is lost.
func releaseProgram() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		// ref: proc_pid_maps(5): address range, permissions, offset, device, inode, path
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 || strings.Join(fields[5:], " ") != program || strings.Contains(fields[1], "w") {
			continue // what can be written may differ from the file
		}
		from, to, _ := strings.Cut(fields[0], "-")
		begin, err1 := strconv.ParseUint(from, 16, 64)
		end, err2 := strconv.ParseUint(to, 16, 64)
		if err1 == nil && err2 == nil {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(begin), uintptr(end-begin), syscall.MADV_DONTNEED)
		}
	}
}
