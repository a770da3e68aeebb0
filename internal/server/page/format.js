const outcomes = {
  understood: "Understood",
  not_understood: "Not understood",
  not_intended: "Not intended",
  failed: "Failed",
  cancelled: "Cancelled",
  elsewhere: "Answered elsewhere",
  recorded: "Recorded",
};

export const outcomeWord = (outcome) => outcomes[outcome] ?? outcome;

// recordings is a count with its noun.
export const recordings = (n) => `${n.toLocaleString()} ${n === 1 ? "recording" : "recordings"}`;

export const percent = (share) => `${Math.round(share * 100)} %`;

export function seconds(ms) {
  const s = ms / 1000;
  if (s < 60) return `${s.toFixed(1)} s`;
  return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}

export function bytes(n) {
  if (n < 1e6) return `${Math.ceil(n / 1e3)} kB`;
  return `${(n / 1e6).toFixed(1)} MB`;
}

// wakeWord makes the id of a model readable.
export function wakeWord(id) {
  return id.split("_").filter(Boolean).map((w) => w[0].toUpperCase() + w.slice(1)).join(" ");
}

// Clock tells times as the household does, wherever the browser is.
export class Clock {
  constructor(timeZone) {
    this.time = formatter({ hour: "numeric", minute: "2-digit" }, timeZone);
    this.key = formatter({ year: "numeric", month: "2-digit", day: "2-digit" }, timeZone, "en-CA");
  }

  timeOf(at) {
    return this.time.format(new Date(at));
  }

  // dayOf is a calendar day as 2026-03-01.
  dayOf(date) {
    return this.key.format(date);
  }

  dayName(day, now = new Date()) {
    if (day === this.dayOf(now)) return "Today";
    const noon = new Date(`${this.dayOf(now)}T12:00:00Z`);
    noon.setUTCDate(noon.getUTCDate() - 1);
    if (day === noon.toISOString().slice(0, 10)) return "Yesterday";
    return new Date(`${day}T12:00:00Z`).toLocaleDateString(undefined, {
      weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC",
    });
  }
}

// formatter falls back to the browser's zone for one it does not know.
function formatter(options, timeZone, locale) {
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone });
  } catch {
    return new Intl.DateTimeFormat(locale, options);
  }
}
