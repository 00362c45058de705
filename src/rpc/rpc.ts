/** The RPC server: finds the method that a request calls, and the lane of the protocol that it speaks. */

import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError, type ContextValues } from "@connectrpc/connect";
import { type FaultOptions, fault } from "#errors/fault.ts";
import type { Reason } from "#errors/reason.ts";
import { type Exchange, pathOf } from "#exchange/exchange.ts";
import type { CallPath } from "./call.ts";
import { codecsOf, registryOf } from "./codec.ts";
import { connectErrorJson } from "./connect-error.ts";
import {
  fits,
  type ProtocolName,
  type RpcType,
  rpcTypeOf,
  rpcTypeOfEncoding,
  typesFor,
} from "./content-type.ts";
import { EnvelopedLane } from "./enveloped.ts";
import type { LaneOptions, Procedure, RpcRequest } from "./lane.ts";
import { ConnectLane, queryOf } from "./protocol-connect.ts";
import { connectStream } from "./protocol-connect-stream.ts";
import { grpc } from "./protocol-grpc.ts";
import { grpcWeb, grpcWebText } from "./protocol-grpc-web.ts";

/** How calls are read and answered. */
export interface RpcOptions {
  /** Largest message that is read, in bytes. */
  readonly readBytesMax: number;
  /** Largest message that is sent, in bytes; default 4 GiB less a byte, which is what a frame can hold. */
  readonly sendBytesMax?: number;
  /** Messages below this many bytes are sent as they are; default 1024. */
  readonly compressBytesMin?: number;
}

/** Serves gRPC, gRPC-Web and Connect. */
export interface Rpc {
  /** The method that a target calls; undefined when it calls none. */
  procedureOf(target: string): Procedure | undefined;
  /** Answers the exchange. Never throws: every failure is an answer, or breaks it off. */
  serve(exchange: Exchange, procedure: Procedure, values: ContextValues): void;
}

interface Lane {
  serve(request: RpcRequest): Promise<void>;
}

/** Why a request is none of a procedure's. */
interface Refusal extends FaultOptions {
  readonly status: number;
  readonly reason: Reason;
  readonly message: string;
}

function allowedMethods({ method }: Procedure): string {
  const isSafe = method.idempotency === IdempotencyLevel.NO_SIDE_EFFECTS;
  return isSafe && method.methodKind === "unary" ? "GET, POST" : "POST";
}

/** The server of what `calls` mounts. */
export function createRpc(calls: CallPath, options: RpcOptions): Rpc {
  const registry = registryOf(calls.services);
  const laneOptions: LaneOptions = {
    calls,
    registry,
    readBytesMax: options.readBytesMax,
    sendBytesMax: options.sendBytesMax ?? 0xffff_ffff,
    compressBytesMin: options.compressBytesMin ?? 1024,
  };
  const lanes: Readonly<Record<ProtocolName, Lane>> = {
    grpc: new EnvelopedLane(grpc, laneOptions),
    "grpc-web": new EnvelopedLane(grpcWeb, laneOptions),
    "grpc-web-text": new EnvelopedLane(grpcWebText, laneOptions),
    connect: new ConnectLane(laneOptions),
    "connect-stream": new EnvelopedLane(connectStream(registry), laneOptions),
  };
  const procedures = new Map<string, Procedure>();
  for (const method of calls.methods) {
    const path = `/${method.parent.typeName}/${method.name}`;
    procedures.set(path, { method, path, codecs: codecsOf(method, registry) });
  }

  const refuse = (exchange: Exchange, { status, reason, message, ...more }: Refusal) => {
    // Clients take the code that a status has for them, and this is the one of all these.
    const error: ConnectError = fault(reason, message, { code: Code.Unknown, ...more });
    const body = JSON.stringify(connectErrorJson(error, registry));
    const headers = [["content-type", "application/json"] as const, ...error.metadata];
    exchange.respond(status, headers, body);
  };

  return {
    procedureOf: (target) => procedures.get(pathOf(target)),
    serve(exchange, procedure, values) {
      const type = requestTypeOf(exchange, procedure);
      if (!("protocol" in type)) {
        refuse(exchange, type);
        return;
      }
      lanes[type.protocol]
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
    return {
      status: 405,
      reason: "METHOD_NOT_ALLOWED",
      message: `${method} is not allowed here, only ${allow}`,
      headers: { allow },
    };
  }
  if (methodKind === "bidi_streaming" && httpVersion === "1.1") {
    return {
      status: 505,
      reason: "REQUEST_INVALID",
      message: "messages both ways at once need HTTP/2",
    };
  }
  const isUnary = methodKind === "unary";
  const type = isGet
    ? rpcTypeOfEncoding(queryOf(exchange.target).get("encoding") ?? undefined)
    : rpcTypeOf(exchange.header("content-type"));
  if (type !== undefined && fits(type, isUnary)) return type;
  const types = typesFor(isUnary);
  return {
    status: 415,
    reason: "MEDIA_TYPE_UNSUPPORTED",
    message: isGet ? "encoding: expected proto or json" : `content-type: expected one of ${types}`,
    headers: { "accept-post": types },
  };
}
