/** What a tool hands back. */

/** The outcome of one tool call; a problem is reported to the caller in words, never thrown. */
export type ToolResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/** Formats a finite number: integers exactly, others to 14 digits, so that 0.1 + 0.2 is 0.3. */
export function formatNumber(value: number): string {
  return String(Number.isSafeInteger(value) ? value + 0 : Number(value.toPrecision(14)));
}
