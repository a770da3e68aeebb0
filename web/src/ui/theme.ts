import { css } from "lit";

/**
 * Colours and sizes. Home Assistant's own theme is taken where there is one; the fallbacks have a contrast of at least 4.5:1 in both looks.
 */
export const tokens = css`
  :host {
    --text: var(--primary-text-color, light-dark(#191c20, #e7e9ed));
    --muted: var(--secondary-text-color, light-dark(#545b66, #a8b0bc));
    --surface: var(--card-background-color, light-dark(#fff, #1b1f25));
    --raised: light-dark(#f1f3f6, #272c34);
    --line: var(--divider-color, light-dark(#d9dde3, #353b45));
    --accent: light-dark(#1f55a8, #8ab4f8);
    --on-accent: light-dark(#fff, #10233f);
    --good: light-dark(#17693a, #7fd1a0);
    --warn: light-dark(#8a4b00, #f0b866);
    --bad: light-dark(#b3261e, #ff9c94);
    --on-bad: light-dark(#fff, #3b0907);
    color: var(--text);
    font-size: 1rem;
    line-height: 1.4;
  }
  * {
    box-sizing: border-box;
  }
  h2, h3, p, ul, dl, dd, figure {
    margin: 0;
    padding: 0;
  }
  [hidden] {
    display: none !important;
  }
  .heard {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .muted {
    color: var(--muted);
  }
  .bad {
    color: var(--bad);
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      animation: none !important;
      transition: none !important;
    }
  }
`;

/** Buttons and fields. */
export const controls = css`
  button, select, input {
    font: inherit;
    color: inherit;
  }
  button, .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.4rem;
    min-block-size: 40px;
    padding: 0 0.9rem;
    border: 1px solid var(--line);
    border-radius: 0.6rem;
    background: var(--surface);
    cursor: pointer;
    text-decoration: none;
    color: inherit;
  }
  button:where(:hover:enabled), .button:hover {
    background: var(--raised);
  }
  button:disabled {
    cursor: default;
    opacity: 0.55;
  }
  button.main {
    border-color: transparent;
    background: var(--accent);
    color: var(--on-accent);
  }
  button.danger {
    border-color: transparent;
    background: var(--bad);
    color: var(--on-bad);
  }
  button.icon {
    inline-size: 40px;
    padding: 0;
    border-color: transparent;
    background: none;
    flex: none;
  }
  button.icon:hover:enabled {
    background: var(--raised);
  }
  button[aria-pressed="true"] {
    border-color: var(--accent);
    color: var(--accent);
    box-shadow: inset 0 0 0 1px var(--accent);
  }
  select, input:not([type]), input[type="search"], input[type="date"], input[type="text"], input[type="password"], input[type="number"] {
    min-block-size: 40px;
    padding: 0 0.6rem;
    border: 1px solid light-dark(#7d8590, #7d8590);
    border-radius: 0.6rem;
    background: var(--surface);
    max-inline-size: 100%;
  }
  input[type="checkbox"], input[type="radio"] {
    inline-size: 20px;
    block-size: 20px;
    margin: 0;
    flex: none;
    accent-color: var(--accent);
  }
  input[type="range"] {
    accent-color: var(--accent);
    min-block-size: 24px;
  }
  label.choice {
    display: flex;
    align-items: center;
    gap: 0.6rem;
    min-block-size: 36px;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem;
  }
  .grow {
    flex: 1;
    min-inline-size: 0;
  }
`;

/** A dialog with a form, that fits a telephone. */
export const dialog = css`
  dialog {
    inline-size: min(32rem, calc(100vw - 2rem));
    max-block-size: calc(100dvh - 2rem);
    padding: 1.25rem;
    border: 1px solid var(--line);
    border-radius: 1rem;
    background: var(--surface);
    color: var(--text);
    overflow-y: auto;
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 50%);
  }
  form {
    display: grid;
    gap: 0.9rem;
  }
  h2 {
    font-size: 1.2rem;
  }
  .buttons {
    justify-content: flex-end;
  }
`;
