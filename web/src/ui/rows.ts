import { css, html, LitElement, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Entry } from "../core/types";
import { define } from "./define";
import { row } from "./row";
import { near } from "./sight";
import type { View } from "./view";

/** A guess at a row's height, px, until it has been seen. */
const guess = 112;

/** Rows that are further away than this from what is seen are not drawn. */
const nearness = "1000px";

const sight = new IntersectionObserver(
  (changes) => changes.forEach((c) => (c.target as Rows).setNear(c.isIntersecting, c.boundingClientRect.height)),
  near(nearness),
);

/**
 * Some rows of the list, which exist only while they are near to what is seen: thousands of recordings cost no more than some screens full.
 * They are drawn into the tree around them, so that it has their styles and their events.
 */
export class Rows extends LitElement {
  @property({ attribute: false }) entries: readonly Entry[] = [];
  @property({ attribute: false }) view!: View;
  /** They are the first ones, and seen for sure. */
  @property({ type: Boolean }) first = false;
  @state() private near = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.style.display = "block";
    sight.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    sight.unobserve(this);
  }

  protected override willUpdate(): void {
    if (!this.hasUpdated) this.near = this.first;
  }

  setNear(near: boolean, height: number): void {
    if (this.near && !near && height > 0) this.style.blockSize = `${height}px`;
    this.near = near;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override shouldUpdate(): boolean {
    return this.near || this.childElementCount > 0 || !this.hasUpdated || !this.style.blockSize;
  }

  protected override render() {
    if (!this.near) {
      if (!this.style.blockSize) this.style.blockSize = `${this.entries.length * guess}px`;
      this.role = null;
      return nothing;
    }
    this.style.blockSize = "";
    this.role = "list";
    return html`${repeat(this.entries, (e) => e.id, (e) => row(e, this.view))}`;
  }
}

export const rowStyles = css`
  .row {
    display: grid;
    grid-template-columns: auto auto minmax(0, 1fr) auto;
    align-items: start;
    gap: 0.25rem 0.5rem;
    padding: 0.5rem;
    border-block-end: 1px solid var(--line);
    border-radius: 0.4rem;
  }
  .row:focus-visible {
    outline-offset: -2px;
  }
  .row.selected {
    background: var(--raised);
  }
  .row > .select {
    margin: 10px 4px;
  }
  .row > .body {
    grid-column: 3;
    display: grid;
    gap: 0.2rem;
    padding-block: 0.4rem;
  }
  .row > .actions {
    grid-column: 4;
    display: flex;
  }
  .row .play {
    color: var(--accent);
  }
  .title {
    overflow-wrap: anywhere;
    font-weight: 500;
  }
  .meta {
    display: flex;
    flex-wrap: wrap;
    gap: 0.1rem 0.8rem;
    color: var(--muted);
    font-size: 0.875rem;
  }
  .meta span {
    display: inline-flex;
    align-items: center;
    gap: 0.25rem;
  }
  .meta svg {
    inline-size: 16px;
    block-size: 16px;
    flex: none;
  }
  .outcome.understood {
    color: var(--good);
  }
  .outcome.not_understood, .outcome.not_intended {
    color: var(--warn);
  }
  .outcome.failed {
    color: var(--bad);
  }
  .reply {
    overflow-wrap: anywhere;
    color: var(--muted);
  }
  .details {
    grid-column: 1 / -1;
    display: grid;
    gap: 0.6rem;
    padding: 0.4rem 0.5rem 0.6rem;
  }
  .details dl {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    gap: 0.2rem 1rem;
    font-size: 0.9rem;
  }
  .details dt {
    color: var(--muted);
  }
  .score {
    display: block;
  }
  .score .all {
    fill: var(--line);
  }
  .score .part {
    fill: var(--accent);
  }
  .score .limit {
    stroke: var(--text);
    stroke-width: 2;
  }
  @media (max-width: 599px) {
    .row {
      padding-inline: 0;
    }
    .row > .select {
      display: none;
    }
    .selecting .row > .select {
      display: block;
    }
    .row .actions {
      flex-direction: column;
    }
  }
`;

define("earshot-rows", Rows);
