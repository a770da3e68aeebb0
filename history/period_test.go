package history_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones must be known wherever the test runs

	"earshot/history"
)

// zones that are hard: clocks that change at midnight, a midnight that comes twice, half hours, a day that does not exist.
var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Atlantic/Azores", "America/Santiago", "America/Asuncion",
	"America/Sao_Paulo", "America/Scoresbysund", "Asia/Amman", "Asia/Gaza", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Kathmandu",
	"America/St_Johns", "Africa/Casablanca",
}

func location(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// monday is a household whose week begins on Monday.
func monday(zone *time.Location) history.Calendar {
	return history.Calendar{Zone: zone, WeekStart: time.Monday}
}

// calendar is the oracle: the first instant of every day of 26 years, found by looking at clocks and at nothing else.
type calendar struct {
	first  int         // number of the first day
	starts []time.Time // zero for a day that does not exist
}

// dayNumber counts days as the calendar shows them, without a zone.
func dayNumber(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// scan walks through the years hour by hour, and minute by minute where the day or the offset changes within the hour.
func scan(loc *time.Location) calendar {
	at, end := time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC).In(loc), time.Date(2031, 1, 3, 0, 0, 0, 0, time.UTC)
	c := calendar{first: dayNumber(at)}
	note := func(t time.Time) {
		for n := dayNumber(t) - c.first; n >= len(c.starts); {
			c.starts = append(c.starts, time.Time{})
			if n == len(c.starts)-1 {
				c.starts[n] = t
			}
		}
	}
	note(at)
	for at.Before(end) {
		next := at.Add(time.Hour)
		_, offset := at.Zone()
		_, after := next.Zone()
		if offset != after || dayNumber(at) != dayNumber(next) {
			for m := at; !m.After(next); m = m.Add(time.Minute) {
				note(m)
			}
		}
		at = next
	}
	return c
}

// start is where a day begins; a day that does not exist is empty, at the start of the next.
func (c calendar) start(day int) time.Time {
	day -= c.first
	for c.starts[day].IsZero() {
		day++
	}
	return c.starts[day]
}

// TestDaysByBruteForce compares every period made of days with what a walk through 26 years sees on the clocks.
func TestDaysByBruteForce(t *testing.T) {
	for _, name := range zones {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loc := location(t, name)
			c := scan(loc)
			cal := history.Calendar{Zone: loc, WeekStart: time.Weekday(len(name) % 7)} // some zones for each day of the week
			checked := 0
			for at := time.Date(2005, 3, 10, 0, 0, 0, 0, time.UTC); at.Year() < 2031; at = at.Add(49*time.Hour + 10*time.Minute) {
				local := at.In(loc)
				today := dayNumber(local)
				y, m, _ := local.Date()
				week := today - (int(local.Weekday())-int(cal.WeekStart)+7)%7
				month := func(n int) time.Time {
					return c.start(dayNumber(time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)))
				}
				for _, want := range []struct {
					period   string
					from, to time.Time
				}{
					{"today", c.start(today), at},
					{"yesterday", c.start(today - 1), c.start(today)},
					{"this_week", c.start(week), at},
					{"last_week", c.start(week - 7), c.start(week)},
					{"this_month", month(0), at},
					{"last_month", month(-1), month(0)},
					{"last_7_days", c.start(today - 6), at},
					{"last_30_days", c.start(today - 29), at},
				} {
					from, to, err := cal.Period(want.period, at)
					if err != nil || !from.Equal(want.from) || !to.Equal(want.to) {
						t.Fatalf("%s at %v: %v to %v (%v), want %v to %v", want.period, local, from, to, err, want.from.In(loc), want.to.In(loc))
					}
				}
				checked++
			}
			if checked < 4500 {
				t.Errorf("only %d instants were checked", checked)
			}
		})
	}
}

func TestPeriods(t *testing.T) {
	at := func(zone, local string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", local, location(t, zone))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ period, zone, now, from, to string }{
		{"today", "Europe/Berlin", "2026-11-24 18:00", "2026-11-24 00:00", "2026-11-24 18:00"},
		{"yesterday", "Europe/Berlin", "2026-03-30 10:00", "2026-03-29 00:00", "2026-03-30 00:00"}, // 23 hours
		{"yesterday", "Europe/Berlin", "2026-10-26 10:00", "2026-10-25 00:00", "2026-10-26 00:00"}, // 25 hours
		{"this_week", "Europe/Berlin", "2026-11-29 18:00", "2026-11-23 00:00", "2026-11-29 18:00"}, // a Sunday
		{"this_week", "Europe/Berlin", "2026-11-23 00:00", "2026-11-23 00:00", "2026-11-23 00:00"}, // a Monday
		{"last_week", "Europe/Berlin", "2026-11-24 18:00", "2026-11-16 00:00", "2026-11-23 00:00"},
		{"this_month", "Europe/Berlin", "2026-11-24 18:00", "2026-11-01 00:00", "2026-11-24 18:00"},
		{"last_month", "Europe/Berlin", "2026-01-31 18:00", "2025-12-01 00:00", "2026-01-01 00:00"},
		{"last_7_days", "Europe/Berlin", "2026-11-24 18:00", "2026-11-18 00:00", "2026-11-24 18:00"},
		{"last_30_days", "Europe/Berlin", "2026-11-24 18:00", "2026-10-26 00:00", "2026-11-24 18:00"},
		{"last_hour", "Europe/Berlin", "2026-11-24 18:00", "2026-11-24 17:00", "2026-11-24 18:00"},
		{"last_24_hours", "Europe/Berlin", "2026-11-24 18:00", "2026-11-23 18:00", "2026-11-24 18:00"},
		{"older_than: 90d", "UTC", "2026-11-24 18:00", "", "2026-08-26 18:00"},
		{"older_than:2w", "UTC", "2026-11-24 18:00", "", "2026-11-10 18:00"},
		{"older_than 12h", "UTC", "2026-11-24 18:00", "", "2026-11-24 06:00"},
		{"older_than: 1m", "UTC", "2026-03-31 18:00", "", "2026-02-28 18:00"},
		{"older_than: 1m", "UTC", "2028-03-31 18:00", "", "2028-02-29 18:00"},
		{"older_than: 1y", "UTC", "2028-02-29 18:00", "", "2027-02-28 18:00"},
		{"older_than: 18m", "UTC", "2026-11-24 18:00", "", "2025-05-24 18:00"},
		{"all", "UTC", "2026-11-24 18:00", "", ""},
		{"yesterday", "Pacific/Apia", "2011-12-31 12:00", "2011-12-31 00:00", "2011-12-31 00:00"}, // 30 December did not exist
	} {
		from, to, err := monday(location(t, c.zone)).Period(c.period, at(c.zone, c.now))
		if err != nil {
			t.Errorf("%s: %v", c.period, err)
			continue
		}
		for _, b := range []struct {
			got  time.Time
			want string
		}{{from, c.from}, {to, c.to}} {
			if (b.want == "") != b.got.IsZero() || (b.want != "" && !b.got.Equal(at(c.zone, b.want))) {
				t.Errorf("%s at %s in %s: %v to %v, want %s to %s", c.period, c.now, c.zone, from, to, c.from, c.to)
				break
			}
		}
	}
}

// TestDaysOfOtherLengths shows the 23 and 25 hours that "minus 86,400 seconds" would miss.
func TestDaysOfOtherLengths(t *testing.T) {
	loc := location(t, "Europe/Berlin")
	for now, want := range map[time.Time]time.Duration{
		time.Date(2026, 3, 30, 12, 0, 0, 0, loc):  23 * time.Hour,
		time.Date(2026, 10, 26, 12, 0, 0, 0, loc): 25 * time.Hour,
	} {
		from, to, err := monday(loc).Period("yesterday", now)
		if err != nil || to.Sub(from) != want {
			t.Errorf("yesterday on %v has %v, want %v (%v)", now, to.Sub(from), want, err)
		}
	}
}

func TestUnknownPeriods(t *testing.T) {
	for _, name := range []string{"", "tomorrow", "Today", "older_than", "older_than: d", "older_than: -1d", "older_than: 9999999d", "older_than: 3x", "older_than: 1.5d"} {
		if _, _, err := monday(time.UTC).Period(name, time.Now()); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	_, _, err := monday(time.UTC).Period("tomorrow", time.Now())
	if err == nil || !strings.Contains(err.Error(), "last_7_days") {
		t.Errorf("the error does not say what there is: %v", err)
	}
}
