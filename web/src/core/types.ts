/** The services' shapes, as far as the page uses them. Times are RFC 3339 texts; durations are named by their unit. */

/** What somebody may do. Home Assistant has "delete", too: to listen, and to delete and mark recordings. */
export type Role = "read" | "listen" | "delete" | "admin";

export const outcomes = ["understood", "not_understood", "not_intended", "failed", "cancelled", "elsewhere", "recorded", "near_miss", "sample"] as const;
export type Outcome = (typeof outcomes)[number];

export type Label = "" | "correct" | "mistake";

export interface Entry {
  id: string;
  satellite: string;
  area: string;
  /** The wake instant; the clip begins up to two seconds before it. */
  at: string;
  zone: string;
  duration_ms: number;
  wake_word: string;
  /** Probability, 0..1; the wake counted as it passed the threshold. */
  score: number;
  threshold: number;
  outcome: Outcome;
  transcript: string;
  language: string;
  reply: string;
  intent: string;
  error: { code: string; message: string } | null;
  clip: { bytes: number } | null;
  /** Loudness over the clip, a byte each, in base64. */
  peaks: string | null;
  timings: { speech_end_ms: number | null; transcript_ms: number | null; reply_ms: number | null };
  kept: boolean;
  label: Label;
  shared: boolean;
}

/** What history/list and history/delete_preview select by; what is left out does not restrict. */
export interface Filter {
  period?: string;
  from?: string;
  to?: string;
  satellite?: string;
  outcome?: Outcome;
  outcomes?: Outcome[];
  wake_word?: string;
  text?: string;
  label?: Exclude<Label, "">;
  kept?: boolean;
}

export interface Page {
  entries: Entry[];
  next_cursor: string | null;
  /** The bounds that were used, half-open; null is open. */
  from: string | null;
  to: string | null;
}

export interface Change {
  action: "added" | "updated" | "deleted" | "reset";
  entries?: Entry[];
  ids?: string[];
}

export interface Sum {
  entries: number;
  clips: number;
  texts: number;
  bytes: number;
  seconds: number;
}

export interface Stats extends Sum {
  by: ({ satellite: string; outcome: Outcome } & Sum)[];
}

/** What a deletion takes of each recording. */
export type What = "all" | "audio" | "text";

export interface Selector extends Filter {
  ids?: string[];
  what?: What;
  include_kept?: boolean;
}

export interface Preview {
  token: string;
  count: number;
  kept: number;
  in_progress: number;
  seconds: number;
  bytes: number;
  oldest: string | null;
  newest: string | null;
}

export interface Receipt {
  receipt: string;
  deleted: number;
  kept_skipped: number;
  in_progress_discarded: number;
  failed_count: number;
  bytes: number;
  seconds: number;
  remains: string[];
}

export interface WakeWord {
  id: string;
  phrase: string;
  threshold: number;
  active?: boolean;
}

export interface Satellite {
  id: string;
  name: string;
  area: string;
  state: "idle" | "listening" | "processing" | "responding";
  muted: boolean;
  microphone: {
    state: "opening" | "listening" | "muted" | "lost" | "ended";
    device: string;
    reason: string;
    dropped: number;
    level_dbfs: number;
    /** What is wrong with its sound, the worst first. */
    findings?: { code: string; text: string }[];
  };
  wake_words: WakeWord[];
  last_heard: string | null;
}

export type Save = "audio+text" | "text" | "nothing";

export interface SatelliteSettings {
  satellite: string;
  save: Save;
  understood: string;
  not_intended: string;
  failed: string;
}

export interface Settings {
  improve: boolean;
  limits: { max_megabytes: number; max_entries: number; min_keep: number };
  satellites: SatelliteSettings[];
  retention: { next: string; due: Sum };
}

export interface AccessLine {
  id: string;
  at: string;
  who: string;
  action: "played" | "exported" | "deleted" | "changed";
  entries: number;
  bytes: number;
}
