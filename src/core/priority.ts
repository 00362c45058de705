/** How much a call matters to whoever shares out places and refuses work. */

/** By their names on the wire; the highest first. */
export const priorities = ["high", "normal", "low"] as const;

/** One of them. */
export type Priority = (typeof priorities)[number];
