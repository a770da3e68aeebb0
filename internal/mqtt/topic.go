package mqtt

import "strings"

// matches tells whether a topic belongs to a subscription's filter. ref: MQTT 3.1.1, section 4.7
func matches(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && (strings.HasPrefix(filter, "+") || strings.HasPrefix(filter, "#")) {
		return false
	}
	for {
		f, restF, moreF := strings.Cut(filter, "/")
		t, restT, moreT := strings.Cut(topic, "/")
		if f == "#" {
			return true
		}
		if f != "+" && f != t {
			return false
		}
		if !moreF || !moreT {
			return moreF == moreT || restF == "#" && !moreT
		}
		filter, topic = restF, restT
	}
}
