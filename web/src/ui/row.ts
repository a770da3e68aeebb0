import { html, nothing, type TemplateResult } from "lit";
import { duration, percent, wakeWord } from "../core/format";
import type { Entry } from "../core/types";
import type { Words } from "../core/words";
import { icon } from "./icons";
import { mayDelete, mayListen, satelliteName, type View } from "./view";
import "./waveform";

/** How much of a recording lies before the wake instant at most, ms. ref: the bridge's pre-roll */
const preRoll = 2000;

/** What was said, or why there are no words. */
export function title(entry: Entry, words: Words): string {
  if (entry.transcript) return words.t("row.said", { text: entry.transcript });
  const { outcome } = entry;
  if (outcome === "near_miss" || outcome === "sample") return words.t(`outcome.${outcome}`);
  return words.t(outcome === "not_intended" ? "row.not_intended" : "row.no_text");
}

/** One entry. Its buttons say by data-do what the history does with them. */
export function row(entry: Entry, view: View): TemplateResult {
  const { words, clock, store, player } = view;
  const t = words.t.bind(words);
  const current = player.current === entry.id;
  const playing = current && player.playing;
  const open = view.open === entry.id;
  const selected = store.isSelected(entry.id);
  const name = title(entry, words);
  return html`
    <div class="row ${selected ? "selected" : ""}" role="listitem" data-id=${entry.id} tabindex=${view.active === entry.id ? 0 : -1}
      aria-label=${`${clock.time(entry.at)}, ${name}`}>
      ${mayDelete(view.role)
        ? html`<input type="checkbox" class="select" data-do="select" .checked=${selected} aria-label=${t("row.select", { title: name })} />`
        : nothing}
      ${mayListen(view.role)
        ? html`<button class="icon play" data-do="play" ?disabled=${!entry.clip || (!view.online && !current)}
            title=${entry.clip ? "" : t("row.no_audio")} aria-label=${t(!entry.clip ? "row.no_audio" : playing ? "row.pause" : "row.play")}>
            ${icon(playing ? "pause" : "play")}</button>`
        : nothing}
      <div class="body">
        <p class="title ${entry.transcript ? "" : "muted"}">${name}</p>
        <p class="meta">
          <span class="outcome ${entry.outcome}">${icon(entry.outcome)}${t(`outcome.${entry.outcome}`)}</span>
          <time datetime=${entry.at} title=${clock.dateTime(entry.at, true)}>${clock.time(entry.at)}</time>
          <span>${satelliteName(view.satellites, entry.satellite)}</span>
          ${entry.wake_word ? html`<span>${wakeWord(entry.wake_word)}${entry.score ? ` ${percent(words, entry.score)}` : ""}</span>` : nothing}
          <span>${duration(words, entry.duration_ms)}</span>
          ${entry.kept ? html`<span class="flag">${icon("keep")}${t("row.kept")}</span>` : nothing}
          ${entry.label ? html`<span class="flag">${icon(entry.label)}${t(`label.${entry.label}`)}</span>` : nothing}
        </p>
        ${entry.reply ? html`<p class="reply">${entry.reply}</p>` : nothing}
        ${entry.clip && entry.peaks
          ? html`<earshot-waveform .peaks=${entry.peaks} .duration=${entry.duration_ms} .wake=${Math.min(preRoll, entry.duration_ms)}
              .position=${current ? player.position : 0} .words=${words} .seekable=${mayListen(view.role) && view.online}></earshot-waveform>`
          : nothing}
        ${player.failed === entry.id ? html`<p class="bad" role="alert">${t("row.play_failed")}</p>` : nothing}
      </div>
      <div class="actions">
        ${mayDelete(view.role)
          ? html`<button class="icon" data-do="delete" ?disabled=${!view.online} aria-label=${t("row.delete", { title: name })}>${icon("delete")}</button>`
          : nothing}
        <button class="icon" data-do="details" aria-expanded=${open} aria-label=${t("row.details")}>${icon(open ? "less" : "more")}</button>
      </div>
      ${open ? details(entry, view) : nothing}
    </div>
  `;
}

/** Why it woke, how it went, and what can be done with it. */
function details(entry: Entry, view: View): TemplateResult {
  const { words, clock } = view;
  const t = words.t.bind(words);
  const miss = entry.outcome === "near_miss";
  const steps = (["speech_end_ms", "transcript_ms", "reply_ms"] as const).filter((step) => entry.timings[step] !== null);
  return html`
    <div class="details">
      <dl>
        <dt>${t("details.heard")}</dt>
        <dd>${clock.dateTime(entry.at, true)}${entry.area ? ` · ${entry.area}` : ""}</dd>
        ${entry.wake_word && entry.score
          ? html`<dt>${t(miss ? "outcome.near_miss" : "details.why")}</dt>
              <dd>${t("details.score", { word: wakeWord(entry.wake_word), score: percent(words, entry.score), limit: percent(words, entry.threshold) })}
                ${miss ? t("details.near") : nothing} ${score(entry)}</dd>`
          : nothing}
        ${steps.map((step) => html`<dt>${t(`details.${step}`)}</dt><dd>${duration(words, entry.timings[step]!)}</dd>`)}
        ${entry.intent ? html`<dt>${t("details.intent")}</dt><dd>${entry.intent}</dd>` : nothing}
        ${entry.error ? html`<dt>${t("details.error")}</dt><dd class="bad">${entry.error.message || entry.error.code}</dd>` : nothing}
      </dl>
      <div class="bar">
        ${mayDelete(view.role)
          ? html`
              ${(["correct", "mistake"] as const).map(
                (label) => html`<button data-do=${label} aria-pressed=${entry.label === label} ?disabled=${!view.online}>${icon(label)}${t(`label.set.${label}`)}</button>`,
              )}
              <button data-do="keep" aria-pressed=${entry.kept} ?disabled=${!view.online}>${icon("keep")}${t("details.keep")}</button>`
          : nothing}
        ${mayListen(view.role) && entry.clip
          ? html`<button data-do="download" ?disabled=${!view.online}>${icon("download")}${t("details.download")}</button>`
          : nothing}
      </div>
    </div>
  `;
}

/** The score as a bar, with the threshold it had to pass. */
function score(entry: Entry): TemplateResult {
  const x = (share: number) => 1 + Math.min(Math.max(share, 0), 1) * 158;
  return html`<svg class="score" viewBox="0 0 160 12" width="160" height="12" aria-hidden="true">
    <rect class="all" x="0" y="3" width="160" height="6" rx="3" />
    <rect class="part" x="0" y="3" width=${x(entry.score)} height="6" rx="3" />
    <path class="limit" d=${`M${x(entry.threshold)} 0v12`} />
  </svg>`;
}
