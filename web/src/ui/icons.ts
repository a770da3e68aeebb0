import { html, svg, type TemplateResult } from "lit";

/** Strokes in a square of 24; our own. */
const paths = {
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  delete: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v6M13.5 10.5v6",
  more: "M6 9.5l6 6 6-6",
  less: "M6 14.5l6-6 6 6",
  keep: "M7.5 11V8a4.5 4.5 0 0 1 9 0v3M6 11h12v9H6z",
  download: "M12 4v11M7.5 10.5L12 15l4.5-4.5M5 19.5h14",
  close: "M6 6l12 12M18 6L6 18",
  search: "M15.5 15.5L20 20M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13z",
  filter: "M4 6.5h16M7 12h10M10 17.5h4",
  up: "M12 19V5.5M6 11l6-6 6 6",
  microphone: "M12 14.5a3 3 0 0 1-3-3v-5a3 3 0 0 1 6 0v5a3 3 0 0 1-3 3zM6.5 11.5a5.5 5.5 0 0 0 11 0M12 17v3.5",
  muted: "M9 9v2.5a3 3 0 0 0 4.5 2.6M15 11V6.5a3 3 0 0 0-5.7-1.3M6.5 11.5a5.5 5.5 0 0 0 8.6 4.5M12 17v3.5M4 4l16 16",
  understood: "M5 12.5l4.5 4.5L19 7.5",
  not_understood: "M9 9.2a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1-1.4 2.1M12 17.7v.3",
  not_intended: "M12 19.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM6.7 6.7l10.6 10.6",
  failed: "M12 4.5l8.5 15h-17zM12 10v4.5M12 17v.3",
  cancelled: "M12 19.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM9.5 9.5l5 5M14.5 9.5l-5 5",
  elsewhere: "M5 12h13M13 6.5l5.5 5.5-5.5 5.5",
  recorded: "M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10z",
  near_miss: "M5 12h3M10 12h4M16 12h3",
  sample: "M12 14.5a3 3 0 0 1-3-3v-5a3 3 0 0 1 6 0v5a3 3 0 0 1-3 3zM6.5 11.5a5.5 5.5 0 0 0 11 0M12 17v3.5",
  history: "M4.5 12a7.5 7.5 0 1 0 2.2-5.3L4.5 9M4.5 4.5V9H9M12 8v4.5l3 2",
  list: "M5 7h14M5 12h14M5 17h9",
  shield: "M12 4l6.5 2.5v5c0 4-2.7 7-6.5 8.5-3.8-1.5-6.5-4.5-6.5-8.5v-5z",
  leave: "M13 5H6v14h7M10.5 12H20M16.5 8.5L20 12l-3.5 3.5",
  mistake: "M7 4h9.5l2 7v3h-5.5l1 5.5L9.5 14H7zM4.5 4v10",
  correct: "M7 20h9.5l2-7v-3h-5.5l1-5.5L9.5 10H7zM4.5 20V10",
};
export type Icon = keyof typeof paths;

const filled: Icon[] = ["play", "recorded"];

/** An icon beside words, or inside a button that has a name: readers need not hear of it. */
export function icon(name: Icon): TemplateResult {
  return html`<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="2"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${svg`<path d=${paths[name]} fill=${filled.includes(name) ? "currentColor" : "none"} />`}</svg>`;
}
