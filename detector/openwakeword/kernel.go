package openwakeword

// scalarLanes is how many outputs dot computes at once.
const scalarLanes = 4

// products fills a and b with the products of all outputs' weights and what the layer sees at two positions.
//
//go:norace
func (l *layer) products(x, y, a, b []float32) {
	if l.lanes != scalarLanes {
		wideProducts(l.weights, x, y, a, b)
		return
	}
	w := l.weights
	for o := 0; o < l.out; o += scalarLanes {
		w = dot(w, x, y, (*[scalarLanes]float32)(a[o:]), (*[scalarLanes]float32)(b[o:]))
	}
}

// finish turns products into outputs.
func (l *layer) finish(products []float32) {
	if l.lanes != scalarLanes && !l.last {
		wideBend(products, l.bias)
		return
	}
	l.bend(products)
}
