import type { Words } from "./words";

/** A length of time as people say it: 0.9 s, 1 min 24 s. */
export function duration(words: Words, ms: number): string {
  const s = ms / 1000;
  if (s < 60) return unit(words, s, "s", s < 10 ? 1 : 0);
  if (s < 3600) return `${unit(words, Math.floor(s / 60), "min")} ${unit(words, Math.floor(s % 60), "s")}`;
  return `${unit(words, Math.floor(s / 3600), "h")} ${unit(words, Math.floor((s % 3600) / 60), "min")}`;
}

/** A size; kilo is 1000. */
export function bytes(words: Words, n: number): string {
  if (n < 1e6) return unit(words, Math.ceil(n / 1e3), "kB");
  if (n < 1e9) return unit(words, n / 1e6, "MB", 1);
  return unit(words, n / 1e9, "GB", 1);
}

/** A number with its symbol, which no line break parts. */
function unit(words: Words, n: number, symbol: string, digits = 0): string {
  return `${new Intl.NumberFormat(words.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n)}\u00a0${symbol}`;
}

/** A share of 0..1 in per cent. */
export function percent(words: Words, share: number): string {
  return new Intl.NumberFormat(words.locale, { style: "percent" }).format(share);
}

/** The id of a wake word's model, readable. */
export function wakeWord(id: string): string {
  return id.split("_").filter(Boolean).map((w) => w[0]!.toUpperCase() + w.slice(1)).join(" ");
}

/** Clock tells times in the household's zone, wherever the browser is, and in the form of a language. */
export class Clock {
  #time: Intl.DateTimeFormat;
  #exact: Intl.DateTimeFormat;
  #full: Intl.DateTimeFormat;
  #day: Intl.DateTimeFormat;

  constructor(private words: Words, private timeZone: string) {
    this.#time = this.#formatter({ timeStyle: "short" });
    this.#exact = this.#formatter({ dateStyle: "medium", timeStyle: "medium" });
    this.#full = this.#formatter({ dateStyle: "medium", timeStyle: "short" });
    this.#day = this.#formatter({ year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA");
  }

  time(at: string): string {
    return this.#time.format(new Date(at));
  }

  /** Day and time; seconds too when exact. */
  dateTime(at: string, exact = false): string {
    return (exact ? this.#exact : this.#full).format(new Date(at));
  }

  /** The calendar day of an instant, as 2026-03-01. */
  day(at: string | Date): string {
    return this.#day.format(new Date(at));
  }

  /** What people call a calendar day. */
  dayName(day: string, now = new Date()): string {
    const today = this.day(now);
    if (day === today) return this.words.t("day.today");
    const noon = new Date(`${today}T12:00:00Z`);
    noon.setUTCDate(noon.getUTCDate() - 1);
    if (day === noon.toISOString().slice(0, 10)) return this.words.t("day.yesterday");
    const date = new Date(`${day}T12:00:00Z`);
    return date.toLocaleDateString(this.words.locale, {
      weekday: "long", day: "numeric", month: "long", year: day.slice(0, 4) === today.slice(0, 4) ? undefined : "numeric", timeZone: "UTC",
    });
  }

  /** Midnight at the begin of a calendar day, as an instant; the next day's when after is set. */
  midnight(day: string, after = false): string {
    const wanted = new Date(`${day}T00:00:00Z`);
    if (after) wanted.setUTCDate(wanted.getUTCDate() + 1);
    const text = wanted.toISOString().slice(0, 10);
    // Zones are within 14 h of UTC: the first minute that the zone calls by this day is found by halving.
    let early = wanted.getTime() - 15 * 3600e3;
    let late = wanted.getTime() + 15 * 3600e3;
    while (late - early > 60e3) {
      const middle = Math.floor((early + late) / 120e3) * 60e3;
      if (middle <= early) break;
      if (this.day(new Date(middle)) < text) early = middle;
      else late = middle;
    }
    return new Date(late).toISOString();
  }

  #formatter(options: Intl.DateTimeFormatOptions, locale = this.words.locale): Intl.DateTimeFormat {
    try {
      return new Intl.DateTimeFormat(locale, { ...options, timeZone: this.timeZone || undefined });
    } catch {
      return new Intl.DateTimeFormat(locale, options); // a zone this browser does not know
    }
  }
}
