import { css, html, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { define } from "../ui/define";
import { icon } from "../ui/icons";
import { controls, tokens } from "../ui/theme";
import { mayChange } from "../ui/view";
import { House } from "./house";
import "../ui/access-log";
import "../ui/earshot-history";
import "../ui/microphones";
import "../ui/privacy";

const parts = { history: "history", microphones: "microphone", privacy: "shield", access: "list" } as const;
type Part = keyof typeof parts;

/** The page in Home Assistant's sidebar. */
export class Panel extends House {
  @property({ type: Boolean }) narrow = false;
  @state() private place: Part = "history";

  static override styles = [tokens, controls, css`
    :host {
      display: block;
      min-block-size: 100%;
      background: var(--primary-background-color, var(--surface));
      --earshot-sticky: 3.5rem;
    }
    header {
      position: sticky;
      inset-block-start: 0;
      z-index: 4;
      display: flex;
      align-items: center;
      gap: 0.5rem;
      block-size: 3.5rem;
      padding-inline: 0.5rem;
      background: var(--app-header-background-color, var(--accent));
      color: var(--app-header-text-color, var(--on-accent));
    }
    h1 {
      flex: 1;
      margin: 0;
      font-size: 1.2rem;
      font-weight: 400;
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    header button, header button:hover:enabled, header button[aria-pressed="true"] {
      color: inherit;
      background: none;
      border-color: transparent;
      box-shadow: none;
    }
    header button[aria-pressed="true"] {
      border-block-end: 3px solid currentColor;
      border-radius: 0;
    }
    main {
      max-inline-size: 60rem;
      margin: 0 auto;
      padding: 0 0.75rem 5rem;
      background: var(--surface);
    }
  `];

  protected override render() {
    const { words, bridges = [] } = this;
    if (!words) return nothing;
    const t = words.t.bind(words);
    const instead = this.instead();
    const shown = (Object.keys(parts) as Part[]).filter((p) => p !== "access" || (this.transport && mayChange(this.transport.role)));
    return html`
      <header>
        <ha-menu-button .hass=${this.hass} .narrow=${this.narrow}></ha-menu-button>
        <h1>${t("hass.title")}</h1>
        ${bridges.length > 1
          ? html`<select aria-label=${t("hass.bridge")} @change=${(e: Event) => this.choose((e.target as HTMLSelectElement).value)}>
              ${bridges.map((b) => html`<option value=${b.id} .selected=${b.id === this.transport?.bridge}>${b.name}</option>`)}</select>`
          : nothing}
        ${instead
          ? nothing
          : shown.map((p) => html`<button class="icon" aria-pressed=${p === this.place} aria-label=${t(`page.${p}`)} title=${t(`page.${p}`)}
              @click=${() => (this.place = p)}>${icon(parts[p])}</button>`)}
      </header>
      <main>${instead ?? this.#content()}</main>
    `;
  }

  #content(): TemplateResult {
    const { transport, words } = this;
    switch (this.place) {
      case "history":
        return html`<earshot-history .transport=${transport} .words=${words} @earshot-asks=${this.ask}
          @earshot-deleted=${this.deleted}></earshot-history>`;
      case "microphones":
        return html`<earshot-microphones .transport=${transport} .words=${words}></earshot-microphones>`;
      case "privacy":
        return html`<earshot-privacy .transport=${transport} .words=${words}></earshot-privacy>`;
      case "access":
        return html`<earshot-access-log .transport=${transport} .words=${words}></earshot-access-log>`;
    }
  }
}

define("earshot-panel", Panel);
