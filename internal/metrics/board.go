package metrics

import "github.com/prometheus/client_golang/prometheus"

// State is how everything is at one time.
type State struct {
	Satellites    []SatelliteState
	HomeAssistant *bool // whether commands are taken there; nil when it is not set up
	MQTT          *bool // whether the broker is reached; nil without MQTT
	Disk          *Disk // nil when it cannot be looked at
}

// Disk is what the history takes and has left on this machine, in bytes.
type Disk struct {
	Database   uint64 // the database with its journal
	Free, Size uint64 // of the file system
}

// SatelliteState is how one satellite is.
type SatelliteState struct {
	ID             string
	MicrophoneUp   bool // sound comes
	Muted          bool
	Dropped        uint64          // frames of 10 ms, since the start
	LevelDBFS      float64         // loudness, dBFS
	StorageProblem bool            // the last recording could not be stored
	Findings       map[string]bool // what can be wrong with the microphone's sound by its code, and whether it is
	Looks          []Looks         // of the wake words that are looked at twice
	Opinions       []Looks         // the same of those that a verifier is asked about, or was
}

// Looks is how often a wake word was looked at a second time, since the start.
type Looks struct {
	WakeWord      string
	Taken, Agreed uint64
}

// board reports the state as it is when it is asked.
type board struct {
	state         func() State
	satellites    []reading
	looks         lookDescs
	opinions      lookDescs
	finding       *prometheus.Desc
	homeAssistant *prometheus.Desc
	mqtt          *prometheus.Desc
	disk          diskDescs
}

// diskDescs describe a Disk.
type diskDescs struct{ database, free, size *prometheus.Desc }

func newDisk() diskDescs {
	return diskDescs{
		database: prometheus.NewDesc("earshot_history_database_bytes", "Size of the history database on this machine, with its journal.", nil, nil),
		free:     prometheus.NewDesc("earshot_history_disk_free_bytes", "Bytes that the bridge may still write to the file system of the history.", nil, nil),
		size:     prometheus.NewDesc("earshot_history_disk_size_bytes", "Size of the file system of the history.", nil, nil),
	}
}

func (d diskDescs) collect(ch chan<- prometheus.Metric, disk *Disk) {
	if disk == nil {
		return // not known, which is not zero
	}
	ch <- constant(d.database, prometheus.GaugeValue, float64(disk.Database))
	ch <- constant(d.free, prometheus.GaugeValue, float64(disk.Free))
	ch <- constant(d.size, prometheus.GaugeValue, float64(disk.Size))
}

// lookDescs describe what is counted of looks.
type lookDescs struct{ taken, agreed *prometheus.Desc }

func newLooks(name, taken, agreed string) lookDescs {
	labels := []string{"satellite", "wake_word"}
	return lookDescs{prometheus.NewDesc(name+"_total", taken, labels, nil), prometheus.NewDesc(name+"_agreed_total", agreed, labels, nil)}
}

func (d lookDescs) collect(ch chan<- prometheus.Metric, satellite string, all []Looks) {
	for _, l := range all {
		ch <- constant(d.taken, prometheus.CounterValue, float64(l.Taken), satellite, l.WakeWord)
		ch <- constant(d.agreed, prometheus.CounterValue, float64(l.Agreed), satellite, l.WakeWord)
	}
}

// reading is one value of each satellite.
type reading struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(SatelliteState) float64
}

func newBoard(state func() State) *board {
	of := func(name, help string, value func(SatelliteState) float64) reading {
		return reading{prometheus.NewDesc(name, help, []string{"satellite"}, nil), prometheus.GaugeValue, value}
	}
	dropped := of("earshot_microphone_frames_dropped_total", "Frames of 10 ms that the device lost, or that were not heard in time.",
		func(s SatelliteState) float64 { return float64(s.Dropped) })
	dropped.kind = prometheus.CounterValue
	return &board{
		state: state,
		satellites: []reading{
			dropped,
			of("earshot_microphone_level_dbfs", "Loudness of the last 100 ms in dB of full scale; -120 is no sound at all.",
				func(s SatelliteState) float64 { return s.LevelDBFS }),
			of("earshot_microphone_up", "1 while the microphone delivers sound.",
				func(s SatelliteState) float64 { return number(s.MicrophoneUp) }),
			of("earshot_microphone_muted", "1 while somebody wants the microphone closed.",
				func(s SatelliteState) float64 { return number(s.Muted) }),
			of("earshot_storage_problem", "1 after a recording could not be stored, until one can be again.",
				func(s SatelliteState) float64 { return number(s.StorageProblem) }),
		},
		looks: newLooks("earshot_second_looks", "Sounds that were much like a wake word, and were looked at a second time.",
			"Sounds of which the second look said that it was the wake word."),
		opinions: newLooks("earshot_third_opinions", "Sounds that would have counted as a wake word, and that its verifier was asked about.",
			"Sounds of which the verifier said that it was the wake word."),
		finding: prometheus.NewDesc("earshot_microphone_finding", "1 while something is wrong with the microphone's sound, so that wake words are missed.",
			[]string{"satellite", "code"}, nil),
		homeAssistant: prometheus.NewDesc("earshot_home_assistant_connected", "1 while Home Assistant takes commands.", nil, nil),
		mqtt:          prometheus.NewDesc("earshot_mqtt_connected", "1 while the MQTT broker is connected.", nil, nil),
		disk:          newDisk(),
	}
}

// Describe is for the registry.
func (b *board) Describe(ch chan<- *prometheus.Desc) {
	for _, r := range b.satellites {
		ch <- r.desc
	}
	for _, d := range []lookDescs{b.looks, b.opinions} {
		ch <- d.taken
		ch <- d.agreed
	}
	ch <- b.finding
	ch <- b.homeAssistant
	ch <- b.mqtt
	ch <- b.disk.database
	ch <- b.disk.free
	ch <- b.disk.size
}

// Collect is for the registry.
func (b *board) Collect(ch chan<- prometheus.Metric) {
	state := b.state()
	for _, s := range state.Satellites {
		for _, r := range b.satellites {
			ch <- constant(r.desc, r.kind, r.of(s), s.ID)
		}
		b.looks.collect(ch, s.ID, s.Looks)
		b.opinions.collect(ch, s.ID, s.Opinions)
		for code, is := range s.Findings {
			ch <- constant(b.finding, prometheus.GaugeValue, number(is), s.ID, code)
		}
	}
	if state.HomeAssistant != nil {
		ch <- constant(b.homeAssistant, prometheus.GaugeValue, number(*state.HomeAssistant))
	}
	if state.MQTT != nil {
		ch <- constant(b.mqtt, prometheus.GaugeValue, number(*state.MQTT))
	}
	b.disk.collect(ch, state.Disk)
}

// constant is a value of one report; one that cannot be made fails that report, not the program.
func constant(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) prometheus.Metric {
	m, err := prometheus.NewConstMetric(desc, kind, value, labels...)
	if err != nil {
		return prometheus.NewInvalidMetric(desc, err)
	}
	return m
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
