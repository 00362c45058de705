/** How zod reads what is read once. */

/** Zod writes and compiles code for each section that it reads: that takes longer than to read a file once without. */
export const readOnce = { jitless: true } as const;
