/** The formats in which a stream of messages leaves: server-sent events, JSON lines, a JSON array. */

/** How a stream of JSON texts is written. */
export interface StreamFormat {
  readonly contentType: string;
  /** Before everything. */
  readonly open: string;
  /** What keeps a silent stream alive; absent when the format has no such thing. */
  readonly heartbeat?: string;
  /** One message; `index` counts from 0. */
  message(json: string, index: number): string;
  /** The error that ends the stream, after `index` messages. */
  error(json: string, index: number): string;
  /** After everything, also after an error. */
  readonly close: string;
}

/** Milliseconds that a browser waits before it connects again. */
const retryMs = 3000;

const serverSentEvents: StreamFormat = {
  contentType: "text/event-stream",
  open: `retry: ${retryMs}\n\n`,
  heartbeat: ": keep-alive\n\n",
  message: (json, index) => `id: ${index + 1}\ndata: ${json}\n\n`,
  error: (json) => `event: error\ndata: ${json}\n\n`,
  close: "",
};

const jsonLines: StreamFormat = {
  contentType: "application/x-ndjson",
  open: "",
  message: (json) => `${json}\n`,
  error: (json) => `${json}\n`,
  close: "",
};

const jsonArray: StreamFormat = {
  contentType: "application/json",
  open: "[",
  message: (json, index) => (index === 0 ? json : `,${json}`),
  error: (json, index) => (index === 0 ? json : `,${json}`),
  close: "]",
};

/** All formats; the first is what a client without a preference gets. */
export const streamFormats = [serverSentEvents, jsonLines, jsonArray] as const;
