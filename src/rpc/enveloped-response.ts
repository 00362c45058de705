/** Writes the responses of protocols with envelopes: whole, or message by message, and their end. */

import type { Code, ConnectError } from "@connectrpc/connect";
import type { HeaderList } from "#exchange/exchange.ts";
import { type Coding, codingNames, preferredCoding } from "#protocol/compression.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { TimeoutField } from "#protocol/timeout.ts";
import { toBase64 } from "./base64.ts";
import type { ExchangeCall } from "./exchange-call.ts";
import type { ProtocolHandlerOptions, RpcRequest } from "./protocol-handler.ts";
import { statusFields } from "./status.ts";

/** What distinguishes the enveloped protocols. */
export interface EnvelopedProtocol {
  /** As handlers see it. */
  readonly name: "grpc" | "grpc-web" | "connect";
  /** Fields that name the coding of messages, and those that the sender can read. */
  readonly encodingField: string;
  readonly acceptField: string;
  readonly timeout: TimeoutField;
  /** Status of bytes that cannot be. */
  readonly malformedCode: Code;
  /** Bodies are base64. */
  readonly isText: boolean;
  /** The envelope that ends a response; absent: HTTP trailers do. */
  readonly endEnvelope?: (error: ConnectError | undefined, trailer: Headers) => Uint8Array;
}

/** Writes one response as its protocol frames it. */
export class EnvelopedResponse {
  readonly #protocol: EnvelopedProtocol;
  readonly #request: RpcRequest;
  readonly #call: ExchangeCall;
  /** Of messages that are worth it. */
  readonly coding: Coding | undefined;
  /** Messages go to the exchange as they are, and it gives them back. */
  readonly poolable: boolean;

  /** Leading metadata of an error goes with its status. */
  readonly #isJoined: boolean;

  constructor(
    protocol: EnvelopedProtocol,
    request: RpcRequest,
    call: ExchangeCall,
    { trailersOnlyErrors }: Pick<ProtocolHandlerOptions, "trailersOnlyErrors">,
  ) {
    this.#isJoined = trailersOnlyErrors;
    this.#protocol = protocol;
    this.#request = request;
    this.#call = call;
    this.coding = preferredCoding(request.exchange.header(protocol.acceptField));
    this.poolable =
      request.exchange.recyclesBuffers &&
      this.coding === undefined &&
      protocol.endEnvelope === undefined;
  }

  /** The whole response of one message. */
  whole(framed: Uint8Array): void {
    const { exchange } = this.#request;
    const { endEnvelope } = this.#protocol;
    if (endEnvelope === undefined) {
      exchange.respond(200, this.#head(), framed, this.#trailers(undefined));
    } else {
      const end = endEnvelope(undefined, this.#call.responseTrailer);
      exchange.respond(200, this.#head(), this.#body(Buffer.concat([framed, end])));
    }
  }

  /** One message of several. A promise resolves when there is room for the next. */
  message(framed: Uint8Array): Promise<void> | undefined {
    const { exchange } = this.#request;
    if (!exchange.started) exchange.start(200, this.#head());
    return exchange.write(this.#body(framed));
  }

  /** What follows the messages: success, or the error that ended them. */
  async end(error: ConnectError | undefined): Promise<void> {
    const { exchange } = this.#request;
    const { endEnvelope } = this.#protocol;
    if (endEnvelope !== undefined) {
      const end = this.#body(endEnvelope(error, this.#call.responseTrailer));
      if (!exchange.started) {
        exchange.respond(200, this.#head(), end);
        return;
      }
      await exchange.write(end);
      exchange.end();
    } else if (exchange.started) {
      exchange.end(this.#trailers(error));
    } else if (this.#call.responseHeader.isEmpty || (error !== undefined && this.#isJoined)) {
      // Trailers-Only: by their retry policies gRPC's clients repeat a call only while no fields
      // came before its status.
      exchange.respond(200, [...this.#head(), ...this.#trailers(error)]);
    } else {
      exchange.respond(200, this.#head(), "", this.#trailers(error));
    }
  }

  #head(): HeaderList {
    const { encodingField, acceptField } = this.#protocol;
    const contentType = ["content-type", this.#request.type.text] as const;
    const accepts = [acceptField, codingNames] as const;
    const metadata = metadataFields(this.#call.responseHeader);
    return this.coding === undefined
      ? [contentType, accepts, ...metadata]
      : [contentType, accepts, [encodingField, this.coding.name], ...metadata];
  }

  #trailers(error: ConnectError | undefined): HeaderList {
    const status = statusFields(error);
    const metadata = metadataFields(this.#call.responseTrailer);
    return metadata.length === 0 ? status : [...status, ...metadata];
  }

  #body(bytes: Uint8Array): Uint8Array | string {
    return this.#protocol.isText ? toBase64(bytes) : bytes;
  }
}
