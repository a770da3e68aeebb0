import { css, html, LitElement, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import { Clock } from "../core/format";
import type { Transport } from "../core/transport";
import type { AccessLine } from "../core/types";
import type { Words } from "../core/words";
import { define } from "./define";
import { explain } from "./explain";
import { controls, tokens } from "./theme";

const pageSize = 50;

/** Who played, exported, deleted or changed how much. */
export class AccessLog extends LitElement {
  @property({ attribute: false }) transport!: Transport;
  @property({ attribute: false }) words!: Words;
  @state() private lines?: readonly AccessLine[];
  @state() private more = false;
  @state() private problem = "";
  #unwatch?: () => void;

  static override styles = [tokens, controls, css`
    :host {
      display: grid;
      gap: 1rem;
      padding-block: 1rem;
      justify-items: start;
    }
    table {
      inline-size: 100%;
      border-collapse: collapse;
    }
    th, td {
      padding: 0.5rem 0.6rem 0.5rem 0;
      border-block-end: 1px solid var(--line);
      text-align: start;
      overflow-wrap: anywhere;
    }
    .number {
      text-align: end;
    }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unwatch = this.transport.watch(() => void this.#load());
    void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unwatch?.();
  }

  async #load(before?: string): Promise<void> {
    if (this.transport.link !== "ready") return;
    this.problem = "";
    try {
      const { lines } = await this.transport.call<{ lines: AccessLine[] }>("access_log/list", { limit: pageSize, ...(before ? { before } : {}) });
      this.lines = before ? [...(this.lines ?? []), ...lines] : lines;
      this.more = lines.length === pageSize;
    } catch (error) {
      this.problem = explain(this.words, error);
    }
  }

  protected override render() {
    const t = this.words.t.bind(this.words);
    const clock = new Clock(this.words, this.transport.timeZone);
    return html`
      <h2>${t("page.access")}</h2>
      ${this.problem ? html`<p class="bad" role="alert">${this.problem}</p>` : nothing}
      ${!this.lines ? html`<p class="muted" role="status">${t("list.loading")}</p>` : nothing}
      ${this.lines?.length === 0 ? html`<p>${t("access.none")}</p>` : nothing}
      ${this.lines?.length
        ? html`<table>
            <thead><tr><th scope="col">${t("access.at")}</th><th scope="col">${t("access.who")}</th><th scope="col">${t("access.action")}</th>
              <th scope="col" class="number">${t("access.entries")}</th></tr></thead>
            <tbody>${this.lines.map((l) => html`<tr><td>${clock.dateTime(l.at)}</td><td>${l.who}</td><td>${t(`access.${l.action}`)}</td>
              <td class="number">${l.entries ? t("number", { n: l.entries }) : ""}</td></tr>`)}</tbody>
          </table>`
        : nothing}
      ${this.more ? html`<button @click=${() => this.#load(this.lines?.at(-1)?.id)}>${t("access.more")}</button>` : nothing}
    `;
  }
}

define("earshot-access-log", AccessLog);
