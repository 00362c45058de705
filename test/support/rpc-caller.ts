/** Calls the RPC server with bytes written by hand, without a socket, and reads its answers. */

import { createContextValues, type Interceptor, type ServiceImpl } from "@connectrpc/connect";
import { envelope } from "#protocol/envelope.ts";
import { createCallPath } from "#rpc/call.ts";
import { createRpc, type RpcOptions } from "#rpc/rpc.ts";
import { conformanceService } from "../conformance/service.ts";
import { ConformanceService } from "../gen/connectrpc/conformance/v1/service_pb.js";
import { MemoryExchange, type MemoryRequest } from "./memory-exchange.ts";

/** What is called and how. */
export interface RawCall extends Partial<MemoryRequest> {
  /** Method of the conformance service. */
  readonly call: string;
  readonly type: string;
}

/** Takes an answer's envelopes apart. */
export function envelopesOf(body: Buffer): { flags: number; payload: Buffer }[] {
  const all: { flags: number; payload: Buffer }[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    if (end > body.length) throw new Error("the answer ends within an envelope");
    all.push({ flags: body[at] ?? 0, payload: body.subarray(at + 5, end) });
    at = end;
  }
  return all;
}

/** The status that a whole answer has, by its protocol: gRPC's number, or Connect's word. */
export function statusOf(type: string, exchange: MemoryExchange): string {
  const field = (fields: Iterable<readonly [string, string]>, name: string) =>
    [...fields].find(([other]) => other === name)?.[1];
  if (exchange.status !== 200) {
    const isJson = field(exchange.answerHeaders, "content-type") === "application/json";
    return isJson ? JSON.parse(exchange.text).code : `HTTP ${exchange.status}`;
  }
  if (type.startsWith("application/grpc-web")) {
    const body = type.includes("text") ? unpadded(exchange.text) : exchange.bytes;
    const last = envelopesOf(body).at(-1);
    if (last?.flags !== 0x80) throw new Error("the answer has no trailers");
    return /^grpc-status: (\d+)\r$/m.exec(last.payload.toString())?.[1] ?? "none";
  }
  if (type.startsWith("application/grpc")) {
    const fields = [...exchange.answerHeaders, ...exchange.answerTrailers];
    return field(fields, "grpc-status") ?? "none";
  }
  if (!type.startsWith("application/connect+")) return "ok";
  const last = envelopesOf(exchange.bytes).at(-1);
  if (last?.flags !== 2) throw new Error("the answer has no end");
  return JSON.parse(last.payload.toString()).error?.code ?? "ok";
}

function unpadded(text: string): Buffer {
  const segments = text.match(/[^=]+=*/g) ?? [];
  return Buffer.concat(segments.map((segment) => Buffer.from(segment, "base64")));
}

/** One message as a type frames it. */
export function framed(type: string, message: Uint8Array): Uint8Array {
  if (!/^application\/(grpc|connect\+)/.test(type)) return message;
  const bytes = envelope(0, message);
  return type.includes("text") ? Buffer.from(Buffer.from(bytes).toString("base64")) : bytes;
}

/** A caller of the conformance service; each answer is whole, or broken off, when it resolves. */
export function rawCaller(
  options: Partial<RpcOptions> = {},
  implementation: Partial<ServiceImpl<typeof ConformanceService>> = conformanceService,
  interceptors: Interceptor[] = [],
) {
  const calls = createCallPath((router) => {
    router.service(ConformanceService, implementation);
  }, interceptors);
  const rpc = createRpc(calls, { readBytesMax: 1024, ...options });
  return async ({ call, type, headers = {}, ...more }: RawCall): Promise<MemoryExchange> => {
    const path = `/connectrpc.conformance.v1.ConformanceService/${call}`;
    const exchange = new MemoryExchange({
      method: "POST",
      target: path,
      httpVersion: "2",
      ...more,
      headers: { "content-type": type, ...headers },
    });
    const procedure = rpc.procedureOf(exchange.target);
    if (procedure === undefined) throw new Error(`no method ${call}`);
    const over = Promise.withResolvers<void>();
    exchange.onOver(over.resolve);
    void rpc.serve(exchange, procedure, createContextValues());
    await over.promise;
    return exchange;
  };
}
