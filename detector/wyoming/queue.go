package wyoming

// queue is a ring of samples that loses the oldest when it is full.
type queue struct {
	ring  []int16
	first int // index of the oldest
	n     int
}

// push adds samples and returns how many were lost for them.
func (q *queue) push(pcm []int16) (lost int) {
	if over := len(pcm) - len(q.ring); over > 0 {
		lost, pcm = over, pcm[over:]
	}
	if over := q.n + len(pcm) - len(q.ring); over > 0 {
		lost += over
		q.skip(over)
	}
	at := (q.first + q.n) % len(q.ring)
	rest := pcm[copy(q.ring[at:], pcm):]
	copy(q.ring, rest)
	q.n += len(pcm)
	return lost
}

// pop moves the oldest samples into pcm and returns how many.
func (q *queue) pop(pcm []int16) int {
	pcm = pcm[:min(len(pcm), q.n)]
	rest := pcm[copy(pcm, q.ring[q.first:]):]
	copy(rest, q.ring)
	q.skip(len(pcm))
	return len(pcm)
}

func (q *queue) skip(n int) {
	q.first = (q.first + n) % len(q.ring)
	q.n -= n
}

func (q *queue) clear() { q.n = 0 }
