/** Cuts a stream of text into its messages: server-sent events, or JSON lines. */

/** One message of a stream: its data, and what server-sent events say beside it. */
function eventOf(block) {
  const event = { name: "message", id: "", data: [] };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") event.data.push(value);
    else if (field === "event") event.name = value;
    else if (field === "id") event.id = value;
  }
  // Comments keep the connection alive, and nothing else.
  return event.data.length === 0 ? undefined : { ...event, data: event.data.join("\n") };
}

function lineOf(data, index) {
  return data.trim() === "" ? undefined : { name: "message", id: String(index + 1), data };
}

/** How each format ends a message, and what is between two such ends. */
const formats = {
  "text/event-stream": { end: "\n\n", read: eventOf },
  "application/x-ndjson": { end: "\n", read: lineOf },
};

/** Whether a stream of this type comes in messages. */
export function comesInMessages(type) {
  return Object.hasOwn(formats, type);
}

/** The messages of a stream of text, as they come: `{ name, id, data }`. */
export async function* messagesOf(pieces, type) {
  const { end, read } = formats[type];
  let rest = "";
  let index = 0;
  for await (const piece of pieces) {
    const blocks = (rest + piece).replaceAll("\r\n", "\n").split(end);
    rest = blocks.pop();
    for (const block of blocks) {
      const message = read(block, index);
      if (message === undefined) continue;
      index += 1;
      yield message;
    }
  }
  // A last line need not end; a last event that does not is not one.
  const last = end === "\n" ? read(rest, index) : undefined;
  if (last !== undefined) yield last;
}
