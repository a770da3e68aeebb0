package tflite

import (
	"encoding/binary"
	"math"
)

// reader reads a FlatBuffer that may be damaged or hostile. An offset that leads outside sets bad and reads as zero, so that a
// caller may check once at the end.
//
// ref: https://flatbuffers.dev/internals/
type reader struct {
	data []byte
	bad  bool
}

// bytes returns n bytes, or nil when they do not all lie inside.
func (r *reader) bytes(at, n int) []byte {
	if at < 0 || n < 0 || at > len(r.data) || n > len(r.data)-at {
		r.bad = true
		return nil
	}
	return r.data[at : at+n]
}

func (r *reader) uint16(at int) int {
	if b := r.bytes(at, 2); b != nil {
		return int(binary.LittleEndian.Uint16(b))
	}
	return 0
}

func (r *reader) int32(at int) int32 {
	if b := r.bytes(at, 4); b != nil {
		return int32(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// follow returns where the offset stored at a place leads. Offsets of over 2 GiB are negative here and lead outside.
func (r *reader) follow(at int) int {
	if offset := r.int32(at); offset > 0 && int(offset) <= len(r.data)-at {
		return at + int(offset)
	}
	r.bad = true
	return -1
}

// table is a record whose fields may be absent. The zero table has none.
type table struct {
	r          *reader
	at         int
	vtable, sz int
}

func (r *reader) table(at int) table {
	vtable := at - int(r.int32(at))
	size := r.uint16(vtable)
	if r.bytes(vtable, size) == nil {
		return table{r: r}
	}
	return table{r, at, vtable, size}
}

// field returns where a field lies, or 0 when it is absent; no field lies at 0.
func (t table) field(i int) int {
	slot := 4 + 2*i
	if slot+2 > t.sz {
		return 0
	}
	offset := t.r.uint16(t.vtable + slot)
	if offset == 0 {
		return 0
	}
	return t.at + offset
}

func (t table) int8(i int) int {
	if at := t.field(i); at != 0 {
		if b := t.r.bytes(at, 1); b != nil {
			return int(int8(b[0]))
		}
	}
	return 0
}

func (t table) int32(i int) int {
	if at := t.field(i); at != 0 {
		return int(t.r.int32(at))
	}
	return 0
}

func (t table) float32(i int) float32 {
	if at := t.field(i); at != 0 {
		return math.Float32frombits(uint32(t.r.int32(at)))
	}
	return 0
}

// table returns the table a field leads to, without fields when it is absent.
func (t table) table(i int) table {
	at := t.field(i)
	if at == 0 {
		return table{r: t.r}
	}
	return t.r.table(t.r.follow(at))
}

// vector returns the bytes of a vector whose elements have the given size, nil when it is absent.
func (t table) vector(i, size int) []byte {
	at := t.field(i)
	if at == 0 {
		return nil
	}
	at = t.r.follow(at)
	n := t.r.int32(at)
	if n < 0 || int64(n)*int64(size) > int64(len(t.r.data)) {
		t.r.bad = true
		return nil
	}
	return t.r.bytes(at+4, int(n)*size)
}

// tables returns the tables of a vector. More than limit are an error of the file.
func (t table) tables(i, limit int) []table {
	v := t.vector(i, 4)
	n := len(v) / 4
	if n == 0 {
		return nil
	}
	if n > limit {
		t.r.bad = true
		return nil
	}
	at := t.r.follow(t.field(i)) + 4
	all := make([]table, n)
	for k := range all {
		all[k] = t.r.table(t.r.follow(at + 4*k))
	}
	return all
}

// int32s, int64s and float32s are vectors that stay in the file.
type (
	int32s   []byte
	int64s   []byte
	float32s []byte
)

func (v int32s) len() int     { return len(v) / 4 }
func (v int32s) at(i int) int { return int(int32(binary.LittleEndian.Uint32(v[4*i:]))) }
func (v int32s) list() []int {
	all := make([]int, v.len())
	for i := range all {
		all[i] = v.at(i)
	}
	return all
}
func (v int64s) len() int       { return len(v) / 8 }
func (v int64s) at(i int) int64 { return int64(binary.LittleEndian.Uint64(v[8*i:])) }
func (v float32s) len() int     { return len(v) / 4 }
func (v float32s) at(i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(v[4*i:]))
}
