package detector

// fullScale is the largest output of a model and stands for a probability of 1.
const fullScale = 255

// settleFrames is how many frames must have stayed below the cutoff before a word may fire, at the start of a stream and after it
// has fired: 1 s, so that neither an unsettled front end nor the rest of a word counts.
//
// ref: MIN_SLICES_BEFORE_DETECTION in esphome/components/micro_wake_word
const settleFrames = 100

// rule decides from a model's probabilities when its word was said.
type rule struct {
	recent  []uint8 // the probabilities of the window
	latest  int     // index of the last probability
	settled int     // -settleFrames to 0
	fresh   bool    // a probability has come that has not been judged
}

func newRule(window int) rule {
	r := rule{recent: make([]uint8, window)}
	r.reset()
	return r
}

func (r *rule) reset() {
	clear(r.recent)
	r.settled = -settleFrames
	r.fresh = false
}

// put takes the probability of an inference.
func (r *rule) put(probability uint8) {
	r.latest = (r.latest + 1) % len(r.recent)
	r.recent[r.latest] = probability
	r.fresh = true
}

// fires judges the window once per frame. When the word was said it returns the mean and the highest probability and starts over.
func (r *rule) fires(cutoff float64) (score, peak float64, ok bool) {
	// At 0 nothing could ever stay below the cutoff.
	threshold := max(1, int(cutoff*fullScale))
	if int(r.recent[r.latest]) < threshold {
		r.settled = min(r.settled+1, 0)
	}
	if !r.fresh || r.settled < 0 {
		return 0, 0, false
	}
	r.fresh = false
	if sum, _ := r.sum(); sum <= threshold*len(r.recent) {
		return 0, 0, false
	}
	score, peak = r.window()
	r.reset()
	return score, peak, true
}

// window is the mean and the highest probability of the window, 0..1.
func (r *rule) window() (mean, highest float64) {
	sum, top := r.sum()
	return float64(sum) / float64(fullScale*len(r.recent)), float64(top) / fullScale
}

func (r *rule) sum() (sum int, highest uint8) {
	for _, p := range r.recent {
		sum += int(p)
		highest = max(highest, p)
	}
	return sum, highest
}
