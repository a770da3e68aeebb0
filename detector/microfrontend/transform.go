package microfrontend

// point is a complex number; both parts always fit into 16 bits.
type point struct{ r, i int32 }

// wrap keeps the low 16 bits, as the original's 16-bit stores do.
func wrap(v int32) int32 { return int32(int16(v)) }

// quarter and half scale down with rounding so that the sums of a butterfly cannot overflow.
func quarter(v int32) int32 { return (v*8191 + 16384) >> 15 }
func half(v int32) int32    { return (v*16383 + 16384) >> 15 }

func (p point) quarter() point      { return point{quarter(p.r), quarter(p.i)} }
func (p point) wrapped() point      { return point{wrap(p.r), wrap(p.i)} }
func (p point) plus(q point) point  { return point{p.r + q.r, p.i + q.i} }
func (p point) minus(q point) point { return point{p.r - q.r, p.i - q.i} }

// turned turns by a quarter clockwise.
func (p point) turned() point { return point{p.i, -p.r} }

// times multiplies by a point of the unit circle.
func (p point) times(f factor) point {
	return point{(p.r*f.r - p.i*f.i + 16384) >> 15, (p.r*f.i + p.i*f.r + 16384) >> 15}
}

// transform computes the spectrum of the windowed audio scaled up by shift bits: a complex transform of half the length whose
// real parts are the even samples and whose imaginary parts are the odd ones.
func (f *FrontEnd) transform(shift int) {
	f.firstStage(uint(shift))
	twiddles := f.tables.twiddles[:]
	for span := 4; span < fftPoints; span *= 4 {
		stage(&f.spectrum, twiddles[:span])
		twiddles = twiddles[span:]
	}
}

// firstStage reads the audio in digit-reversed order; its factors are all one.
func (f *FrontEnd) firstStage(shift uint) {
	audio := &f.windowed
	load := func(i uint8) point {
		n := 2 * int(i)
		return point{int32(audio[n] << (shift & 15)), int32(audio[n+1] << (shift & 15))}.quarter()
	}
	order := &f.tables.order
	for n := 0; n < fftPoints; n += 4 {
		out := (*[4]point)(f.spectrum[n:])
		from := (*[4]uint8)(order[n:])
		a, b1, b2, b3 := load(from[0]), load(from[1]), load(from[2]), load(from[3])
		s, d, p, t := a.plus(b2), a.minus(b2), b1.plus(b3), b1.minus(b3).turned()
		out[0], out[1], out[2], out[3] = s.plus(p).wrapped(), d.plus(t).wrapped(), s.minus(p).wrapped(), d.minus(t).wrapped()
	}
}

// stage combines groups of 4 × len(twiddles) points.
func stage(x *[fftPoints]point, twiddles []twiddle) {
	span := len(twiddles)
	for base := 0; base+4*span <= fftPoints; base += 4 * span {
		x0 := x[base:][:span]
		x1 := x[base+span:][:span]
		x2 := x[base+2*span:][:span]
		x3 := x[base+3*span:][:span]
		for k := range twiddles {
			w := &twiddles[k]
			a, b2 := x0[k].quarter(), x2[k].quarter().times(w.b2)
			s, d := a.plus(b2), a.minus(b2)
			b1, b3 := x1[k].quarter().times(w.b1), x3[k].quarter().times(w.b3)
			p, t := b1.plus(b3), b1.minus(b3).turned()
			x0[k] = s.plus(p).wrapped()
			x2[k] = s.minus(p).wrapped()
			x1[k] = d.plus(t).wrapped()
			x3[k] = d.minus(t).wrapped()
		}
	}
}

// bins separates the complex spectrum into the values at bins k and 256-k of the real one, for k from 1 to 128.
func (f *FrontEnd) bins(k int) (low, high point) {
	z, w := f.spectrum[k], f.spectrum[fftPoints-k]
	ar, ai := half(z.r), half(z.i)
	br, bi := half(w.r), half(wrap(-w.i))
	f1 := point{wrap(ar + br), wrap(ai + bi)}
	t := point{wrap(ar - br), wrap(ai - bi)}.times(f.tables.split[k-1])
	return point{(f1.r + t.r) >> 1, (f1.i + t.i) >> 1}, point{(f1.r - t.r) >> 1, (t.i - f1.i) >> 1}
}
