/** Registers an element once: two copies of this code may be loaded on a dashboard. */
export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
