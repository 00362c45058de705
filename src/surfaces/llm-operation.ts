/** Operations of OpenAI's API that are relayed: what is read of a request, and how its reply is sent. */

import { create } from "@bufbuild/protobuf";
import { parameterInvalid } from "#dialects/json-object.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { type ClientWords, WholeBody } from "#dialects/relay/client-body.ts";
import { membersOf } from "#dialects/relay/members.ts";
import type { Operation } from "#dialects/relay/operations.ts";
import { relayedHead } from "#dialects/relay/rules.ts";
import { fault } from "#errors/fault.ts";
import { bodyTooLarge } from "#exchange/body-fault.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import {
  type RelayRequest,
  RelayRequestSchema,
  type RelayResponse,
} from "#gen/polygate/v1/relay_pb.js";
import { mediaTypeFrom } from "#http/media-type.ts";
import { formWithModel, type IncomingForm } from "./form-model.ts";
import { parseBody } from "./json-body.ts";
import { PassingProgress, StreamedBody } from "./streamed-body.ts";

/** Bounds of what is read. */
export interface OperationBounds {
  /** Largest body. */
  readonly bodyBytesMax: number;
  /** Largest form or file. */
  readonly uploadBytesMax: number;
  /** Bytes of a form in which its model must stand. */
  readonly aheadBytesMax: number;
}

/** A request as it was read. */
export interface ReadOperation {
  readonly request: RelayRequest;
  readonly words: ClientWords;
}

/** Whether a body goes on to the provider while it is still being sent. */
export function isUpload(operation: Operation, exchange: Pick<Exchange, "header">): boolean {
  if (operation.method !== "POST") return false;
  return operation.takes === "file" || isForm(exchange);
}

function isForm(exchange: Pick<Exchange, "header">): boolean {
  return mediaTypeFrom(exchange.header("content-type") ?? "").type === "multipart/form-data";
}

/** The body as it comes. Throws BODY_TOO_LARGE for one that says so itself. */
function incoming(exchange: Exchange, bytesMax: number): IncomingForm {
  const declared = exchange.header("content-length");
  const length = declared === undefined ? undefined : Number(declared);
  if (length !== undefined && length > bytesMax) throw bodyTooLarge(bytesMax);
  const coding = exchange.header("content-encoding") ?? "identity";
  if (coding !== "identity") {
    throw fault("MEDIA_TYPE_UNSUPPORTED", "content-encoding: send the form without a coding");
  }
  return {
    contentType: exchange.header("content-type") ?? "application/octet-stream",
    ...(length === undefined ? {} : { length }),
    open: (progress) => exchange.chunks(bytesMax, progress),
  };
}

/** A model's name in JSON. Throws PARAMETER_INVALID for what is none. */
function nameIn(body: LooseObject, field: string): string {
  const name = body.raw(field);
  if (name === undefined || typeof name === "string") return name ?? "";
  throw parameterInvalid(field, "expected a text");
}

/** What policy needs of a request, and its words. Throws what is reported to its client. */
export async function readOperation(
  exchange: Exchange,
  operation: Operation,
  id: string,
  bounds: OperationBounds,
): Promise<ReadOperation> {
  const at = exchange.target.indexOf("?");
  const { headers } = relayedHead("openai-chat", (name) => exchange.header(name), "");
  const head = {
    headers,
    query: new URLSearchParams(at < 0 ? "" : exchange.target.slice(at + 1)),
  };
  const about = { operation: operation.name, id };
  const { bodyBytesMax, uploadBytesMax, aheadBytesMax } = bounds;
  if (operation.method !== "POST" || operation.takes === "nothing") {
    return { request: create(RelayRequestSchema, about), words: head };
  }
  if (operation.takes === "file") {
    const { open, ...facts } = incoming(exchange, uploadBytesMax);
    const progress = new PassingProgress();
    const rest = open(progress)[Symbol.asyncIterator]();
    const body = new StreamedBody({ ...facts, ahead: Buffer.alloc(0), rest }, progress);
    return { request: create(RelayRequestSchema, about), words: { ...head, body } };
  }
  if (isForm(exchange) && operation.model !== undefined) {
    const form = await formWithModel(incoming(exchange, uploadBytesMax), aheadBytesMax);
    requireModel(operation, form.model);
    const request = create(RelayRequestSchema, { ...about, model: form.model });
    return { request, words: { ...head, body: form.body } };
  }
  const bytes = exchange.takeBody(bodyBytesMax) ?? (await exchange.body(bodyBytesMax));
  const json = new LooseObject(parseBody(bytes));
  if (!json.exists) throw parameterInvalid("", "expected a JSON object");
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = { ...head, body: new WholeBody(buffer, "application/json") };
  if (operation.name === "batches/create") {
    const file = nameIn(json, "input_file_id");
    if (file === "") throw parameterInvalid("input_file_id", "is missing");
    return { request: create(RelayRequestSchema, { ...about, id: file }), words };
  }
  if (operation.model === undefined) return { request: create(RelayRequestSchema, about), words };
  const model = nameIn(json, "model");
  requireModel(operation, model);
  if (model === "") requireNone(buffer);
  return { request: create(RelayRequestSchema, { ...about, model }), words };
}

/** A body of which we read that it names no model may have named one before: others read that. */
function requireNone(bytes: Buffer): void {
  for (const { name, start, end } of membersOf(bytes)) {
    const isNone = ["null", '""'].includes(bytes.toString("utf8", start, end));
    if (name === "model" && !isNone) throw parameterInvalid("model", "is given twice");
  }
}

function requireModel(operation: Operation, model: string): void {
  if (model === "" && operation.model === "required") throw parameterInvalid("model", "is missing");
}

/** Bytes of the longest end of an event. */
const eventEndBytes = 4;

/** Sends a reply as it comes: slowly where its reader is slow. */
export class OperationSending {
  readonly #exchange: Exchange;
  readonly #fields: () => HeaderList;
  #isEvents = false;
  /** The reply was sent whole. */
  #isOver = false;
  /** Its last bytes. */
  #tail = Buffer.alloc(0);
  /** Pieces sent so far. */
  pieces = 0;

  /** `fields` are the gateway's own. */
  constructor(exchange: Exchange, fields: () => HeaderList) {
    this.#exchange = exchange;
    this.#fields = fields;
  }

  async pass({ status, headers, data }: RelayResponse): Promise<void> {
    this.pieces += 1;
    if (!this.#exchange.started) {
      this.#isEvents = (headers["content-type"] ?? "").startsWith("text/event-stream");
      const { "content-length": length, ...others } = headers;
      const fields = [
        ...this.#fields(),
        ...Object.entries(others),
        ...(this.#isEvents
          ? ([
              ["cache-control", "no-cache"],
              ["x-accel-buffering", "no"],
            ] as const)
          : []),
      ];
      if (length === String(data.length)) {
        this.#exchange.respond(status, fields, data);
        this.#isOver = true;
        return;
      }
      const sized = length === undefined ? [] : ([["content-length", length]] as const);
      this.#exchange.start(status, [...fields, ...sized]);
    }
    if (data.length === 0) return;
    if (this.#isEvents) {
      const last = Buffer.concat([this.#tail, data.subarray(-eventEndBytes)]);
      this.#tail = last.subarray(-eventEndBytes);
    }
    await this.#exchange.write(data);
  }

  /** Adds what no provider said: only to events, and only between two of them. */
  async send(text: string): Promise<void> {
    if (this.takesEvent) await this.#exchange.write(text);
  }

  end(): void {
    if (!this.#isOver) this.#exchange.end();
  }

  /** Whether more than the provider said may be sent. */
  get takesEvent(): boolean {
    const isBetween = /\n\r?\n$/.test(this.#tail.toString("latin1"));
    return this.#exchange.started && this.#isEvents && isBetween && !this.#exchange.signal.aborted;
  }
}
