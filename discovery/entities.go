package discovery

import "cmp"

// The keys of entities that only show something. With the device's id they make the entity's unique id, which must never change:
// Home Assistant keeps people's own settings under it. Those that take orders have the order's kind as their key.
const (
	keyWake         = "wake"
	keyCommand      = "command"
	keyState        = "state"
	keyRecordings   = "recordings"
	keyToday        = "recordings_today"
	keyFalseToday   = "false_triggers_today"
	keyLastHeard    = "last_heard"
	keyLastDeletion = "last_deletion"
	keyProblem      = "microphone_problem"
	keyAssist       = "assist_problem"
	keyStorage      = "storage_problem"
	keyLevel        = "level"
	keyDropped      = "dropped_frames"
	keyDetectorCPU  = "detector_cpu"
	keyReplyTime    = "reply_time"
	keyTest         = "microphone_test"
	keyQuality      = "microphone_quality"
	keyVersion      = "version"
	keyStored       = "storage_used"
	keyCleanup      = "next_cleanup"
	keyHome         = "home_assistant"
	keyConnected    = "connected"
	keyConfig       = "configuration_problem"
)

// The platforms of Home Assistant.
const (
	platformEvent  = "event"
	platformSensor = "sensor"
	platformBinary = "binary_sensor"
	platformSwitch = "switch"
	platformNumber = "number"
	platformSelect = "select"
	platformButton = "button"
)

// The categories of entities that are no main function of a device.
const (
	diagnostic = "diagnostic"
	setting    = "config"
)

// maxGainDB is the most that a microphone can be amplified or damped.
const maxGainDB = 60

// entity is one entity of a device.
type entity struct {
	component
	asks *Order // what its commands are about; nil: it takes none
}

// paced tells whether an entity changes so often that it has to wait for its turn.
func paced(key string) bool {
	switch key {
	case keyRecordings, keyToday, keyFalseToday, keyLevel, keyDropped, keyDetectorCPU, keyStored:
		return true
	}
	return false
}

func eventEntity(name, icon string, types []string) component {
	return component{Platform: platformEvent, Name: name, Icon: icon, EventTypes: types}
}

// satelliteEntities are the entities of a satellite by their keys.
func satelliteEntities(cfg Config, dev Device) map[string]entity {
	all := map[string]entity{}
	for key, c := range satelliteSensors(cfg.Findings) {
		all[key] = entity{component: c}
	}
	if len(cfg.Outcomes) > 0 {
		all[keyCommand] = entity{component: eventEntity("Command", "mdi:message-processing", cfg.Outcomes)}
	}
	controls := satelliteControls()
	if cfg.HomeAssistant {
		controls[SetAssistant] = component{
			Platform: platformSelect, Name: "Assistant", Icon: "mdi:account-voice", EntityCategory: setting, Options: append([]string{AsConfigured}, cfg.Assistants...),
		}
	}
	if cfg.DeleteButtons {
		for kind, c := range deleteButtons() {
			controls[kind] = c
		}
	}
	for kind, c := range controls {
		all[string(kind)] = entity{c, &Order{Satellite: dev.ID, Kind: kind}}
	}
	for _, w := range dev.WakeWords {
		for kind, c := range wordControls(w) {
			all[wordKey(kind, w.ID)] = entity{c, &Order{Satellite: dev.ID, Kind: kind, WakeWord: w.ID}}
		}
	}
	return all
}

func satelliteSensors(findings []string) map[string]component {
	return map[string]component{
		keyWake:         eventEntity("Wake word", "mdi:account-voice", []string{wakeDetected}),
		keyState:        {Platform: platformSensor, Name: "State", Icon: "mdi:microphone-message", DeviceClass: "enum", Options: SatelliteStates()},
		keyRecordings:   {Platform: platformSensor, Name: "Recordings", Icon: "mdi:playlist-music", StateClass: "measurement"},
		keyToday:        {Platform: platformSensor, Name: "Recordings today", Icon: "mdi:playlist-plus", StateClass: "measurement"},
		keyFalseToday:   {Platform: platformSensor, Name: "False triggers today", Icon: "mdi:ear-hearing-off", StateClass: "measurement"},
		keyLastHeard:    {Platform: platformSensor, Name: "Last heard", Icon: "mdi:ear-hearing", DeviceClass: "timestamp"},
		keyLastDeletion: {Platform: platformSensor, Name: "Last deletion", Icon: "mdi:delete-clock", DeviceClass: "timestamp"},
		keyProblem:      {Platform: platformBinary, Name: "Microphone problem", DeviceClass: "problem", EntityCategory: diagnostic},
		keyAssist:       {Platform: platformBinary, Name: "Assist problem", DeviceClass: "problem", EntityCategory: diagnostic},
		keyStorage:      {Platform: platformBinary, Name: "Storage problem", DeviceClass: "problem", EntityCategory: diagnostic},
		keyLevel: {
			Platform: platformSensor, Name: "Level", Icon: "mdi:waveform", StateClass: "measurement", Unit: "dBFS", EntityCategory: diagnostic,
		},
		keyDropped: {
			Platform: platformSensor, Name: "Dropped frames", Icon: "mdi:waveform", StateClass: "total_increasing", EntityCategory: diagnostic,
		},
		keyDetectorCPU: {
			Platform: platformSensor, Name: "Detector CPU", Icon: "mdi:chip", StateClass: "measurement", Unit: "%", EntityCategory: diagnostic,
		},
		keyReplyTime: {
			Platform: platformSensor, Name: "Reply time", DeviceClass: "duration", StateClass: "measurement", Unit: "s", EntityCategory: diagnostic,
		},
		keyTest: {
			Platform: platformSensor, Name: "Microphone test", Icon: "mdi:microphone-question", DeviceClass: "enum", Options: MicrophoneTests(),
			EntityCategory: diagnostic,
		},
		keyQuality: {
			Platform: platformSensor, Name: "Microphone quality", Icon: "mdi:microphone-settings", DeviceClass: "enum",
			Options: append([]string{QualityGood}, findings...), EntityCategory: diagnostic,
		},
	}
}

func satelliteControls() map[Kind]component {
	return map[Kind]component{
		Mute:      {Platform: platformSwitch, Name: "Microphone mute", Icon: "mdi:microphone-off"},
		SaveSound: {Platform: platformSwitch, Name: "Save recordings", Icon: "mdi:content-save", EntityCategory: setting},
		SaveText:  {Platform: platformSwitch, Name: "Save text", Icon: "mdi:text-box-check", EntityCategory: setting},
		Gain: {
			Platform: platformNumber, Name: "Gain", Icon: "mdi:volume-plus", Unit: "dB", EntityCategory: setting,
			span: &span{-maxGainDB, maxGainDB, 1, "box"},
		},
		Keep:        {Platform: platformSelect, Name: "Keep recordings", Icon: "mdi:calendar-clock", EntityCategory: setting, Options: KeepOptions()},
		TestHearing: {Platform: platformButton, Name: "Test microphone", Icon: "mdi:microphone-question", EntityCategory: diagnostic},
	}
}

// deleteButtons are main functions, not settings: people put them on dashboards. What a slip could take too much of is not shown unless asked for.
func deleteButtons() map[Kind]component {
	hidden := new(bool)
	return map[Kind]component{
		DeleteLast:  {Platform: platformButton, Name: "Delete last", Icon: "mdi:delete"},
		DeleteToday: {Platform: platformButton, Name: "Delete today", Icon: "mdi:delete-clock"},
		DeleteWeek:  {Platform: platformButton, Name: "Delete this week", Icon: "mdi:delete-clock", Enabled: hidden},
		DeleteAll:   {Platform: platformButton, Name: "Delete everything", Icon: "mdi:delete-forever", Enabled: hidden},
	}
}

func wordControls(w WakeWord) map[Kind]component {
	phrase := cmp.Or(w.Phrase, w.ID)
	controls := map[Kind]component{
		Listen: {Platform: platformSwitch, Name: "Listen for " + phrase, Icon: "mdi:account-voice", EntityCategory: setting},
	}
	if w.Adjustable {
		controls[Threshold] = component{
			Platform: platformNumber, Name: phrase + " threshold", Icon: "mdi:tune-variant", EntityCategory: setting, span: &span{0, 1, 0.01, "slider"},
		}
	}
	return controls
}

// hubEntities are the entities of the bridge itself. Whether wake words are improved is the household's to say: a switch at each microphone
// would turn all the others.
func hubEntities(cfg Config) map[string]entity {
	all := map[string]entity{
		keyVersion:    {component: component{Platform: platformSensor, Name: "Version", Icon: "mdi:tag", EntityCategory: diagnostic}},
		keyRecordings: {component: component{Platform: platformSensor, Name: "Recordings", Icon: "mdi:playlist-music", StateClass: "measurement"}},
		keyStored: {component: component{
			Platform: platformSensor, Name: "Storage used", DeviceClass: "data_size", StateClass: "measurement", Unit: "MB", EntityCategory: diagnostic,
		}},
		keyCleanup: {component: component{
			Platform: platformSensor, Name: "Next cleanup", Icon: "mdi:calendar-remove", DeviceClass: "timestamp", EntityCategory: diagnostic,
		}},
		keyConfig: {component: component{Platform: platformBinary, Name: "Configuration problem", DeviceClass: "problem", EntityCategory: diagnostic}},
		// It shows the bridge's own availability, so that being away is a state of it and not the end of it.
		keyConnected: {component: component{
			Platform: platformBinary, Name: "Connected", DeviceClass: "connectivity", EntityCategory: diagnostic, StateTopic: AvailabilityTopic(cfg.BridgeID),
			presence: &presence{On: online, Off: offline, Availability: AvailabilityTopic(cfg.BridgeID), Unavailable: "never"},
		}},
		string(Improve): {
			component{Platform: platformSwitch, Name: "Help improve wake words", Icon: "mdi:school", EntityCategory: setting}, &Order{Kind: Improve},
		},
	}
	if cfg.HomeAssistant {
		all[keyHome] = entity{component: component{
			Platform: platformBinary, Name: "Home Assistant", DeviceClass: "connectivity", EntityCategory: diagnostic,
		}}
	}
	return all
}
