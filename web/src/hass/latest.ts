import { css, html, LitElement, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import { Clock } from "../core/format";
import { ServiceError, type Transport } from "../core/transport";
import { outcomes, type Change, type Entry, type Page } from "../core/types";
import type { Words } from "../core/words";
import { define } from "../ui/define";
import { icon } from "../ui/icons";
import { Player } from "../ui/player";
import { title } from "../ui/row";
import { controls, tokens } from "../ui/theme";
import { mayListen } from "../ui/view";

/** How a command can end. */
const commands = outcomes.filter((o) => o !== "near_miss" && o !== "sample");

/** The last command, to play, and the way to all recordings. */
export class Latest extends LitElement {
  @property({ attribute: false }) transport!: Transport;
  @property({ attribute: false }) words!: Words;
  @state() private entry?: Entry | null;
  private player!: Player;
  #unwatch?: () => void;
  #unsubscribe?: () => void;

  static override styles = [tokens, controls, css`
    :host {
      display: block;
    }
    .bar {
      flex-wrap: nowrap;
    }
    .button {
      inline-size: 40px;
      padding: 0;
      border-color: transparent;
    }
    p {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    .meta {
      display: flex;
      align-items: center;
      gap: 0.3rem;
      color: var(--muted);
      font-size: 0.875rem;
    }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    this.player = new Player(this.transport);
    this.player.addEventListener("change", () => this.requestUpdate());
    this.#unwatch = this.transport.watch(() => void this.#follow());
    void this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unwatch?.();
    this.#unsubscribe?.();
    this.player.stop();
  }

  async #follow(): Promise<void> {
    this.requestUpdate();
    if (this.transport.link !== "ready") return;
    try {
      this.#unsubscribe = await this.transport.subscribe<Change>("history/subscribe", {}, () => void this.#load());
      await this.#load();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error; // the link says it
    }
  }

  async #load(): Promise<void> {
    try {
      this.entry = (await this.transport.call<Page>("history/list", { limit: 1, outcomes: commands })).entries[0] ?? null;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
    }
    if (this.entry?.id !== this.player.current) this.player.stop();
  }

  protected override render() {
    const t = this.words.t.bind(this.words);
    const { entry, player } = this;
    if (this.transport.link === "offline") return html`<p role="status">${t("link.offline")}</p>`;
    if (entry === undefined) return nothing;
    const all = html`<a class="button" href="/earshot" aria-label=${t("hass.all")} title=${t("hass.all")}>${icon("list")}</a>`;
    if (entry === null) return html`<div class="bar"><p class="grow">${t("list.empty")}</p>${all}</div>`;
    const clock = new Clock(this.words, this.transport.timeZone);
    return html`<div class="bar">
      ${mayListen(this.transport.role) && entry.clip
        ? html`<button class="icon" aria-label=${t(player.playing ? "row.pause" : "row.play")} @click=${() => void player.toggle(entry.id)}>
            ${icon(player.playing ? "pause" : "play")}</button>`
        : nothing}
      <div class="grow">
        <p>${title(entry, this.words)}</p>
        <p class="meta">${icon(entry.outcome)}${t(`outcome.${entry.outcome}`)} · ${clock.dayName(clock.day(entry.at))}, ${clock.time(entry.at)}</p>
      </div>
      ${all}
    </div>`;
  }
}

define("earshot-latest", Latest);
