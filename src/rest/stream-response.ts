/** Sends a stream of messages as a response that ends with an error if the stream fails. */

import type { ConnectError } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { CallResponse } from "#rpc/call.ts";
import type { StreamFormat } from "./stream-format.ts";

/** What sending a stream needs. */
export interface StreamSending {
  readonly format: StreamFormat;
  readonly clock: Clock;
  /** Silence after which a heartbeat is sent, where the format has one. */
  readonly heartbeatMs: number;
  errorJson(error: ConnectError): string;
}

/** The written part of one stream. */
class StreamWriter {
  readonly #exchange: Exchange;
  readonly #headers: () => HeaderList;
  readonly #format: StreamFormat;
  /** Pieces sent so far: tells the heartbeat whether it was silent. */
  pieces = 0;

  constructor(exchange: Exchange, format: StreamFormat, headers: () => HeaderList) {
    this.#exchange = exchange;
    this.#format = format;
    this.#headers = headers;
  }

  async send(text: string): Promise<void> {
    this.pieces += 1;
    const opening = this.#exchange.started ? "" : this.#format.open;
    if (!this.#exchange.started) this.#exchange.start(200, this.#headers());
    const piece = opening + text;
    if (piece !== "") await this.#exchange.write(piece);
  }
}

async function beat(
  writer: StreamWriter,
  sending: StreamSending,
  signal: AbortSignal,
): Promise<void> {
  const { clock, heartbeatMs, format } = sending;
  if (format.heartbeat === undefined) return;
  for (;;) {
    const seen = writer.pieces;
    await clock.sleep(heartbeatMs, signal);
    if (writer.pieces === seen) await writer.send(format.heartbeat);
  }
}

/** Header fields of a streamed response. */
function streamHeaders(format: StreamFormat, answer: CallResponse<string>): HeaderList {
  return [
    ...metadataFields(answer.header),
    ["content-type", format.contentType],
    ["cache-control", "no-cache"],
    // Proxies that would collect the stream before they pass it on know this field.
    ["x-accel-buffering", "no"],
  ];
}

/**
 * Sends what `answer` streams, each message as soon as it is there and no faster than the client
 * takes them. A failure before anything was sent is thrown: it still can be a status.
 */
export async function sendStream(
  exchange: Exchange,
  answer: CallResponse<string>,
  sending: StreamSending,
): Promise<void> {
  const { format } = sending;
  const writer = new StreamWriter(exchange, format, () => streamHeaders(format, answer));
  const silence = new AbortController();
  // It ends with the stream, or because the client is gone, which the stream notices by itself.
  beat(writer, sending, silence.signal).catch(() => {});
  let index = 0;
  let failure: ConnectError | undefined;
  try {
    for await (const json of answer.messages) {
      await writer.send(format.message(json, index));
      index += 1;
    }
    await writer.send(format.close);
  } catch (error) {
    if (!exchange.started || exchange.signal.aborted) throw error;
    failure = faultFrom(error);
    const frame = format.error(sending.errorJson(failure), index);
    await writer.send(frame + format.close);
  } finally {
    silence.abort();
  }
  const told = failure === undefined ? [] : metadataFields(failure.metadata);
  exchange.end([...metadataFields(answer.trailer), ...told]);
}
