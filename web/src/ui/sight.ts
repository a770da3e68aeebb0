/** Observes what comes near to what is seen: of the window, and of a box around that scrolls. */
export const near = (margin: string): IntersectionObserverInit => ({ rootMargin: margin, scrollMargin: margin }) as IntersectionObserverInit;
