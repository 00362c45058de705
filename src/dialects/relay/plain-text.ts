/** Recognises the events of a stream that only go on with a response's text: policy has nothing to learn of them. Pure. */

import type { ServerDialect } from "#dialects/dialect.ts";

/** Whether every member of the name is null, as far as there are any. */
function isNull(text: string, member: string): boolean {
  for (let at = text.indexOf(member); at >= 0; at = text.indexOf(member, at + 1)) {
    if (!text.startsWith(":null", at + member.length)) return false;
  }
  return true;
}

/** Whether the event is these lines, with one of data, which looks whole, after them. */
function isOneObject(text: string, before: string): boolean {
  return (
    text.startsWith(`${before}data: {`) &&
    text.endsWith("}\n\n") &&
    text.indexOf("\n", before.length) === text.length - 2
  );
}

/** By dialect: whether an event, its bytes as characters, is one. Absent: each may report usage. */
const rules: Readonly<Partial<Record<ServerDialect, (text: string) => boolean>>> = {
  // Other choices than the first count only once their end is known.
  "openai-chat": (text) =>
    isOneObject(text, "") &&
    text.includes('"index":0,') &&
    text.includes('"delta":{') &&
    !text.includes('"error"') &&
    isNull(text, '"finish_reason"') &&
    isNull(text, '"usage"') &&
    isNull(text, '"tool_calls"'),
  "openai-responses": (text) => isOneObject(text, "event: response.output_text.delta\n"),
  anthropic: (text) =>
    isOneObject(text, "event: content_block_delta\n") && text.includes('"type":"text_delta"'),
};

/** Whether an event need not be read. It is passed on as it came, whether or not its JSON is any. */
export function isPlainText(dialect: ServerDialect, event: Buffer): boolean {
  return rules[dialect]?.(event.toString("latin1")) ?? false;
}
