package history

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Periods lists the names Calendar.Period knows; older_than takes an age, such as "older_than: 90d".
func Periods() []string {
	return []string{
		"today", "yesterday", "this_week", "last_week", "this_month", "last_month", "last_7_days", "last_30_days",
		"last_hour", "last_24_hours", "all", "older_than",
	}
}

// Calendar is how a household reckons its days.
type Calendar struct {
	Zone      *time.Location
	WeekStart time.Weekday
}

// Period turns the name of a period into its bounds, from <= t < to; a zero time is no bound. Days begin at midnight in the zone.
// "all" has no upper bound, so that entries stamped in the future by a clock that jumped belong to it too.
func (c Calendar) Period(name string, now time.Time) (from, to time.Time, err error) {
	loc := c.Zone
	if age, ok := strings.CutPrefix(name, "older_than"); ok {
		to, err = Age(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(age), ":"))).before(now.In(loc))
		return time.Time{}, to, err
	}
	today := dateOf(now, loc)
	week := today.add(-(int(today.weekday()-c.WeekStart) + 7) % 7)
	switch name {
	case "today":
		return today.start(loc), now, nil
	case "yesterday":
		return today.add(-1).start(loc), today.start(loc), nil
	case "this_week":
		return week.start(loc), now, nil
	case "last_week":
		return week.add(-7).start(loc), week.start(loc), nil
	case "this_month":
		return today.month(0).start(loc), now, nil
	case "last_month":
		return today.month(-1).start(loc), today.month(0).start(loc), nil
	case "last_7_days":
		return today.add(-6).start(loc), now, nil
	case "last_30_days":
		return today.add(-29).start(loc), now, nil
	case "last_hour":
		return now.Add(-time.Hour), now, nil
	case "last_24_hours":
		return now.Add(-24 * time.Hour), now, nil
	case "all":
		return time.Time{}, time.Time{}, nil
	}
	return time.Time{}, time.Time{}, fmt.Errorf("period %q is not known; use one of %s", name, strings.Join(Periods(), ", "))
}

// Age is how old something may get: 12h, 90d and 2w are exact, 18m (months) and 1y go by the calendar.
type Age string

// Valid tells whether a is an age, or Never.
func (a Age) Valid() bool {
	_, err := a.before(time.Now())
	return a == Never || err == nil
}

// before is the instant that is an age ago.
func (a Age) before(now time.Time) (time.Time, error) {
	wrong := fmt.Errorf("age %q is not known; write it like 12h, 90d, 2w, 18m (months) or 1y", string(a))
	if a == "" {
		return time.Time{}, wrong
	}
	n, err := strconv.Atoi(string(a[:len(a)-1]))
	if err != nil || n < 0 || n > 100_000 {
		return time.Time{}, wrong
	}
	switch a[len(a)-1] {
	case 'h':
		return now.Add(-time.Duration(n) * time.Hour), nil
	case 'd':
		return now.Add(-time.Duration(n) * 24 * time.Hour), nil
	case 'w':
		return now.Add(-time.Duration(n) * 7 * 24 * time.Hour), nil
	case 'm':
		return monthsBefore(now, n), nil
	case 'y':
		return monthsBefore(now, 12*n), nil
	}
	return time.Time{}, wrong
}

// monthsBefore keeps the day where the month has it and takes the month's last day where it has not: one month before 31 March is
// the end of February, where AddDate would give 3 March.
func monthsBefore(now time.Time, n int) time.Time {
	y, m, d := now.Date()
	last := time.Date(y, m-time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	hour, minute, sec := now.Clock()
	return time.Date(y, m-time.Month(n), min(d, last), hour, minute, sec, now.Nanosecond(), now.Location())
}

// date is a day of the calendar. It is reckoned in UTC, where every day has 24 hours, and only start knows about zones.
type date struct{ midnight time.Time }

func dateOf(t time.Time, loc *time.Location) date {
	y, m, d := t.In(loc).Date()
	return date{time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
}

func (d date) weekday() time.Weekday { return d.midnight.Weekday() }

func (d date) add(days int) date { return date{d.midnight.AddDate(0, 0, days)} }

// month is the first day of the month that is n months away.
func (d date) month(n int) date {
	y, m, _ := d.midnight.Date()
	return date{time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)}
}

// start is the first instant at which the calendar in loc shows this day, or a later one where the day does not exist.
// Clocks may change at midnight: the day may begin at 01:00, or midnight may come twice; so the stretches of one offset are gone through.
func (d date) start(loc *time.Location) time.Time {
	const before = 26 * time.Hour // more than any zone is ahead of UTC
	for t := d.midnight.Add(-before).In(loc); ; {
		begin, end := t.ZoneBounds()
		_, offset := t.Zone()
		at := d.midnight.Add(-time.Duration(offset) * time.Second)
		if !begin.IsZero() && at.Before(begin) {
			at = begin
		}
		if end.IsZero() || at.Before(end) {
			return at.In(loc)
		}
		t = end
	}
}
