/** Fields of a log line as JSON, written by hand: for lines that every call costs. */

/** What JSON writes as it is. */
const plain = /^[ !#-[\]-~]*$/;

/** A text as JSON. */
export function jsonText(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** A field that holds a text; nothing when there is none. */
export function textFact(name: string, text: string | undefined): string {
  return text === undefined ? "" : `,"${name}":${jsonText(text)}`;
}

/** A field that holds a finite number; nothing when there is none. */
export function numberFact(name: string, value: number | undefined): string {
  return value === undefined ? "" : `,"${name}":${value}`;
}

let lastMs = Number.NaN;
let lastFact = "";

/** The time of day, as pino's isoTime writes it. Lines of one millisecond share the text. */
export function timeFact(): string {
  const nowMs = Date.now();
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    lastFact = `,"time":"${new Date(nowMs).toISOString()}"`;
  }
  return lastFact;
}
