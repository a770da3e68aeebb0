import { css, html } from "lit";
import { state } from "lit/decorators.js";
import { define } from "../ui/define";
import { tokens } from "../ui/theme";
import { House } from "./house";
import "../ui/earshot-history";
import "./latest";

/** The card's configuration. */
interface Config {
  type: string;
  title?: string;
  /** Id of a bridge; the only one when it is left out. */
  bridge?: string;
  form?: "full" | "compact";
}

const forms = ["full", "compact"];

/** The card's element, as a configuration names it after "custom:". */
const tag = "earshot-history-card";

/** The voice history on a dashboard: all of it, or the last command only. */
export class HistoryCard extends House {
  @state() private config: Config = { type: `custom:${tag}` };

  static override styles = [tokens, css`
    :host {
      display: block;
      block-size: 100%;
    }
    ha-card {
      display: flex;
      flex-direction: column;
      block-size: 100%;
      overflow: hidden;
    }
    .full {
      flex: 1;
      min-block-size: 0;
      max-block-size: 40rem;
      overflow-y: auto;
      padding-inline: 0.75rem;
    }
    .compact, p {
      padding: 0.75rem;
    }
  `];

  setConfig(config: Config): void {
    if (config.form !== undefined && !forms.includes(config.form)) throw new Error(`form: one of ${forms.join(", ")} is needed`);
    for (const key of ["title", "bridge"] as const) {
      if (config[key] !== undefined && typeof config[key] !== "string") throw new Error(`${key}: a text is needed`);
    }
    this.config = config;
    this.choose(config.bridge ?? "");
  }

  getCardSize(): number {
    return this.config.form === "compact" ? 2 : 10;
  }

  getGridOptions(): object {
    return this.config.form === "compact" ? { columns: 6, rows: 2, min_columns: 6, min_rows: 2 } : { columns: 12, rows: 10, min_columns: 6, min_rows: 5 };
  }

  static getStubConfig(): Omit<Config, "type"> {
    return { form: "full" };
  }

  static getConfigForm(): object {
    return {
      schema: [
        { name: "title", selector: { text: {} } },
        {
          name: "form",
          selector: { select: { mode: "dropdown", options: [{ value: "full", label: "The whole history" }, { value: "compact", label: "The last command" }] } },
        },
        { name: "bridge", selector: { text: {} } },
      ],
      computeLabel: ({ name }: { name: string }) => ({ title: "Title", form: "Shows", bridge: "Id of the bridge, if there are several" })[name],
    };
  }

  protected override render() {
    const { transport, words, config } = this;
    const instead = this.instead();
    return html`<ha-card .header=${config.title}>
      ${instead ?? (config.form === "compact"
        ? html`<earshot-latest class="compact" .transport=${transport} .words=${words}></earshot-latest>`
        : html`<div class="full" @earshot-asks=${this.ask} @earshot-deleted=${this.deleted}><earshot-history .transport=${transport} .words=${words}></earshot-history></div>`)}
    </ha-card>`;
  }

}

define(tag, HistoryCard);

interface CardWindow {
  customCards?: object[];
}

const cards = ((window as CardWindow).customCards ??= []);
if (!cards.some((c) => (c as { type?: string }).type === tag)) {
  cards.push({
    type: tag,
    name: "Earshot voice history",
    description: "What was heard, when and why: listen, understand and delete.",
    preview: true,
    // Offered for the events that a bridge publishes. ref: home-assistant/frontend 20261028
    getEntitySuggestion: (_: unknown, entity: string) => (/^event\..*(wake_word|command)$/.test(entity) ? { config: { type: `custom:${tag}`, form: "full" } } : null),
  });
}
