import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { Clock } from "../core/format";
import type { Transport } from "../core/transport";
import type { Satellite, SatelliteSettings, Save, Settings } from "../core/types";
import type { Key, Words } from "../core/words";
import { define } from "./define";
import { explain } from "./explain";
import { controls, tokens } from "./theme";
import { mayChange, mayListen, satelliteName } from "./view";

const saves: Save[] = ["audio+text", "text", "nothing"];
const kinds = ["understood", "not_intended", "failed"] as const;
const ages = ["never", "18m", "3m", "30d", "7d", "24h"] as const;

/** What is saved, for how long, and what it is used for. */
export class Privacy extends LitElement {
  @property({ attribute: false }) transport!: Transport;
  @property({ attribute: false }) words!: Words;
  @state() private settings?: Settings;
  @state() private satellites: readonly Satellite[] = [];
  @state() private problem = "";
  @state() private said = "";
  @state() private busy = false;
  #unwatch?: () => void;

  static override styles = [tokens, controls, css`
    :host {
      display: grid;
      gap: 1.5rem;
      padding-block: 1rem;
      max-inline-size: 44rem;
    }
    section, fieldset {
      display: grid;
      gap: 0.6rem;
      justify-items: start;
    }
    section {
      padding-block-start: 1.2rem;
      border-block-start: 1px solid var(--line);
    }
    fieldset {
      margin: 0;
      padding: 0;
      border: 0;
    }
    legend {
      padding: 0;
      font-weight: 600;
    }
    label.choice {
      align-items: flex-start;
      padding-block: 0.3rem;
    }
    label small {
      display: block;
      color: var(--muted);
      font-size: 0.9rem;
    }
    label.field {
      display: grid;
      gap: 0.2rem;
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

  async #load(): Promise<void> {
    this.requestUpdate();
    if (this.transport.link !== "ready") return;
    try {
      const [settings, { satellites }] = await Promise.all([
        this.transport.call<Settings>("settings/get"),
        this.transport.call<{ satellites: Satellite[] }>("satellites/list"),
      ]);
      this.settings = settings;
      this.satellites = satellites;
      this.problem = "";
    } catch (error) {
      this.problem = explain(this.words, error);
    }
  }

  protected override render() {
    const t = this.words.t.bind(this.words);
    const s = this.settings;
    const fixed = !mayChange(this.transport.role) || this.transport.link !== "ready";
    return html`
      <h2>${t("privacy.title")}</h2>
      <p class="heard" role="status">${this.said}</p>
      ${this.problem ? html`<p class="bad" role="alert">${this.problem}</p>` : nothing}
      ${s
        ? html`
            ${s.satellites.map((x) => this.#satellite(x, fixed))}
            ${this.#limits(s, fixed)}
            <section>
              <label class="choice"><input type="checkbox" .checked=${s.improve} ?disabled=${fixed} @change=${(e: Event) => this.#update({ improve: checked(e) })} />
                <span>${t("privacy.improve")}<small>${t("privacy.improve_why")}</small></span></label>
            </section>
            ${mayListen(this.transport.role)
              ? html`<section><h3>${t("privacy.export")}</h3><p class="muted">${t("privacy.export_why")}</p>
                  <button ?disabled=${this.busy || this.transport.link !== "ready"} @click=${this.#export}>${t("privacy.export_do")}</button></section>`
              : nothing}`
        : html`<p class="muted" role="status">${t("list.loading")}</p>`}
    `;
  }

  #satellite(x: SatelliteSettings, fixed: boolean): TemplateResult {
    const t = this.words.t.bind(this.words);
    return html`<section aria-labelledby=${`of-${x.satellite}`}>
      <h3 id=${`of-${x.satellite}`}>${satelliteName(this.satellites, x.satellite)}</h3>
      <fieldset ?disabled=${fixed}>
        <legend>${t("privacy.saved")}</legend>
        ${saves.map((save) => html`<label class="choice"><input type="radio" name=${`save-${x.satellite}`} .checked=${x.save === save}
            @change=${() => this.#update({ satellite: x.satellite, save })} />
          <span>${t(`privacy.save.${save}`)}<small>${t(`privacy.save.${save}_why`)}</small></span></label>`)}
      </fieldset>
      <fieldset ?disabled=${fixed}>
        <legend>${t("privacy.keep")}</legend>
        <div class="bar">
          ${kinds.map((kind) => html`<label class="field">${t(`privacy.${kind}`)}
            <select @change=${(e: Event) => this.#update({ satellite: x.satellite, [kind]: (e.target as HTMLSelectElement).value })}>
              ${[...new Set<string>([...ages, x[kind]])].map((age) => html`<option value=${age} .selected=${x[kind] === age}>${this.#age(age)}</option>`)}
            </select></label>`)}
        </div>
      </fieldset>
    </section>`;
  }

  /** An age that was configured by hand is shown as it was written. */
  #age(age: string): string {
    return (ages as readonly string[]).includes(age) ? this.words.t(`privacy.age.${age}` as Key) : age;
  }

  #limits(s: Settings, fixed: boolean): TemplateResult {
    const t = this.words.t.bind(this.words);
    const clock = new Clock(this.words, this.transport.timeZone);
    const field = (key: "max_megabytes" | "max_entries", text: Key) => html`<label class="field">${t(text)}
      <input type="number" min="0" max="1000000000" step="1" .value=${String(s.limits[key])} ?disabled=${fixed}
        @change=${(e: Event) => (e.target as HTMLInputElement).reportValidity() && this.#update({ [key]: (e.target as HTMLInputElement).valueAsNumber })} /></label>`;
    return html`<section>
      <div class="bar">${field("max_megabytes", "privacy.limit_size")}${field("max_entries", "privacy.limit_entries")}</div>
      <p class="muted">${t("privacy.no_limit")}</p>
      ${s.retention.due.entries
        ? html`<p>${t("privacy.due", { n: s.retention.due.entries, at: clock.dateTime(s.retention.next) })}</p>
            ${mayChange(this.transport.role) ? html`<button ?disabled=${fixed || this.busy} @click=${this.#retain}>${t("privacy.run")}</button>` : nothing}`
        : nothing}
    </section>`;
  }

  #update = (fields: object): Promise<void> =>
    this.#do(async () => {
      this.settings = await this.transport.call<Settings>("settings/update", fields);
      this.said = this.words.t("privacy.saved_now");
    });

  #retain = (): Promise<void> =>
    this.#do(async () => {
      await this.transport.call("retention/run");
      await this.#load();
    });

  #export = (): Promise<void> =>
    this.#do(async () => {
      const { url } = await this.transport.call<{ url: string }>("history/export", { period: "all" });
      const link = document.createElement("a");
      link.href = this.transport.url(url);
      link.download = "";
      link.click();
    });

  async #do(act: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.problem = this.said = "";
    try {
      await act();
    } catch (error) {
      this.problem = explain(this.words, error);
      if (this.settings) this.settings = { ...this.settings }; // what was chosen is not so
    } finally {
      this.busy = false;
    }
  }
}

const checked = (event: Event): boolean => (event.target as HTMLInputElement).checked;

define("earshot-privacy", Privacy);
