/** How much a call matters to whoever shares out places and refuses work. */

/** In the words of the wire; the most first. */
export const priorities = ["high", "normal", "low"] as const;

/** One of them. */
export type Priority = (typeof priorities)[number];
