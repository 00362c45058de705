/** The RPC server: finds the method that a request calls, and the handler of the protocol that it speaks. */

import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { ContextValues } from "@connectrpc/connect";
import { ByteBudget, bufferBytesMaxDefault } from "#core/byte-budget.ts";
import { type Clock, systemClock } from "#core/clock.ts";
import { type Exchange, pathOf } from "#exchange/exchange.ts";
import { Decoders, type DecodingOptions } from "#protobuf/decoder.ts";
import { Decompressor } from "#protocol/decompressor.ts";
import type { CallPath } from "./call.ts";
import { codecsOf, registryOf } from "./codec.ts";
import {
  fits,
  type ProtocolName,
  type RpcType,
  rpcTypeOf,
  rpcTypeOfEncoding,
  typesFor,
} from "./content-type.ts";
import { EnvelopedHandler } from "./enveloped.ts";
import { ConnectHandler, queryOf } from "./protocol-connect.ts";
import { connectStream } from "./protocol-connect-stream.ts";
import { grpc } from "./protocol-grpc.ts";
import { grpcWeb, grpcWebText } from "./protocol-grpc-web.ts";
import type { Procedure, ProtocolHandlerOptions, RpcRequest } from "./protocol-handler.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** How calls are read and answered. */
export interface RpcOptions {
  /** Largest message that is read, in bytes. */
  readonly readBytesMax: number;
  /** What calls hold in memory of their requests; default 512 MiB of the server's own. */
  readonly buffers?: ByteBudget;
  /** Largest message that is sent, in bytes; default 4 GiB less a byte, which is what a frame can hold. */
  readonly sendBytesMax?: number;
  /** What messages that are read may hold besides bytes, their elements above all. */
  readonly decoding?: DecodingOptions;
  /** Messages below this many bytes are sent as they are; default 1024. */
  readonly compressBytesMin?: number;
  /** Refusals of the server itself carry no google.rpc details; default false. */
  readonly plainErrors?: boolean;
  /**
   * A gRPC error before any message is one block of fields (Trailers-Only), its leading metadata among
   * them: only so do clients' retry policies apply. Default false: leading metadata goes before it.
   */
  readonly trailersOnlyErrors?: boolean;
  /** What time for reading bodies is measured by; default the system's. */
  readonly clock?: Clock;
}

/** Serves gRPC, gRPC-Web and Connect. */
export interface Rpc {
  /** The method that a target calls; undefined when it calls none. */
  procedureOf(target: string): Procedure | undefined;
  /**
   * Responds to the exchange. Never throws or rejects: every failure is a response, or breaks it off.
   * Undefined: it is answered already.
   */
  serve(exchange: Exchange, procedure: Procedure, values: ContextValues): Promise<void> | undefined;
}

interface ProtocolHandler {
  serve(request: RpcRequest): Promise<void>;
}

function allowedMethods({ method }: Procedure): string {
  const isSafe = method.idempotency === IdempotencyLevel.NO_SIDE_EFFECTS;
  return isSafe && method.methodKind === "unary" ? "GET, POST" : "POST";
}

/** The server of what `calls` mounts. */
export function createRpc(calls: CallPath, options: RpcOptions): Rpc {
  const registry = registryOf(calls.services);
  const buffers = options.buffers ?? new ByteBudget(bufferBytesMaxDefault);
  const { decoding } = options;
  const handlerOptions: ProtocolHandlerOptions = {
    calls,
    registry,
    buffers,
    decompressor: new Decompressor(buffers),
    clock: options.clock ?? systemClock,
    readBytesMax: options.readBytesMax,
    sendBytesMax: options.sendBytesMax ?? 0xffff_ffff,
    compressBytesMin: options.compressBytesMin ?? 1024,
    plainErrors: options.plainErrors ?? false,
    trailersOnlyErrors: options.trailersOnlyErrors ?? false,
  };
  const protocolHandlers: Readonly<Record<ProtocolName, ProtocolHandler>> = {
    grpc: new EnvelopedHandler(grpc, handlerOptions),
    "grpc-web": new EnvelopedHandler(grpcWeb, handlerOptions),
    "grpc-web-text": new EnvelopedHandler(grpcWebText, handlerOptions),
    connect: new ConnectHandler(handlerOptions),
    "connect-stream": new EnvelopedHandler(connectStream(registry), handlerOptions),
  };
  const json = { registry, elementsMax: decoding?.elementsMax, limitsOf: decoding?.limitsOf };
  const bounds = { decoders: new Decoders(decoding), json };
  const procedures = new Map<string, Procedure>();
  for (const method of calls.methods) {
    const path = `/${method.parent.typeName}/${method.name}`;
    procedures.set(path, { method, path, codecs: codecsOf(method, bounds) });
  }

  return {
    procedureOf: (target) => procedures.get(pathOf(target)),
    serve(exchange, procedure, values) {
      const type = requestTypeOf(exchange, procedure);
      if (!("protocol" in type)) {
        refuse(exchange, type);
        return undefined;
      }
      return protocolHandlers[type.protocol]
        .serve({ exchange, procedure, type, values })
        .catch(() => exchange.reset());
    },
  };
}

/** The type that a request is in, or why it is in none that the procedure takes. */
function requestTypeOf(exchange: Exchange, procedure: Procedure): RpcType | Refusal {
  const { method, httpVersion } = exchange;
  const { methodKind } = procedure.method;
  const allow = allowedMethods(procedure);
  const isGet = method === "GET" && allow !== "POST";
  if (method !== "POST" && !isGet) {
    const text = `${method} is not allowed here, only ${allow}`;
    return { status: 405, text, headers: [["allow", allow]] };
  }
  if (methodKind === "bidi_streaming" && httpVersion === "1.1") {
    return { status: 505, text: "messages both ways at once need HTTP/2", headers: [] };
  }
  const isUnary = methodKind === "unary";
  const type = isGet
    ? rpcTypeOfEncoding(queryOf(exchange.target).get("encoding") ?? undefined)
    : rpcTypeOf(exchange.header("content-type"));
  if (type !== undefined && fits(type, isUnary)) return type;
  const types = typesFor(isUnary);
  const text = isGet
    ? "encoding: expected proto or json"
    : `content-type: expected one of ${types}`;
  return { status: 415, text, headers: [["accept-post", types]] };
}
