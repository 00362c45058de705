/** One call that streams its requests, over a WebSocket: a text of JSON for each message both ways, an empty one after the last. */

import { type DescMethod, fromJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { servicesUrl } from "#web/data/base.ts";
import { sessionRefused } from "#web/data/session.ts";
import { type Call, noCall, withMessage } from "#web/pages/call-method.ts";

/** What may be done with the call now. `ended`: no more requests, and responses may come. */
export type StreamPhase = "opening" | "open" | "ended" | "over";

/** A call that is open. */
export interface StreamCall {
  /** Sends a request. Throws for a text that is none of the method's. */
  send(text: string): void;
  /** There are no more requests. */
  end(): void;
  /** Gives the call up. */
  cancel(): void;
}

/** How the gateway closes what went well, and what it refuses. */
const normalClosure = 1000;
const policyViolation = 1008;

/** The gateway's error, as the last text of a call has it; undefined for any other text. */
function errorOf(json: string): ConnectError | undefined {
  const { error } = JSON.parse(json) as {
    readonly error?: {
      readonly code: string;
      readonly message: string;
      readonly request_id: string;
    };
  };
  if (error === undefined) return undefined;
  const header = { "x-request-id": error.request_id };
  const detail = { desc: ErrorInfoSchema, value: { reason: error.code } };
  return new ConnectError(error.message, Code.Unknown, header, [detail]);
}

/** Opens a call of `method`; `show` is given it whenever it has come further. */
export function openStream(
  { parent, name, input }: DescMethod,
  show: (call: Call, phase: StreamPhase) => void,
): StreamCall {
  const began = performance.now();
  const address = `${servicesUrl.replace(/^http/, "ws")}/${parent.typeName}/${name}`;
  const socket = new WebSocket(address);
  let call = noCall;
  let phase: StreamPhase = "opening";
  const change = (next: Call, nextPhase = phase) => {
    if (phase === "over") return;
    call = next;
    phase = nextPhase;
    show(call, phase);
  };
  const fail = (error: ConnectError) => {
    const requestId = error.metadata.get("x-request-id") ?? "";
    change({ ...call, error, requestId, tookMs: performance.now() - began }, "over");
  };

  socket.onopen = () => change(call, "open");
  socket.onmessage = ({ data }) => {
    const json = JSON.stringify(JSON.parse(data as string), null, 2);
    change(withMessage(call, json, false));
  };
  socket.onclose = ({ code, reason }) => {
    if (code === normalClosure) {
      change({ ...call, tookMs: performance.now() - began }, "over");
      return;
    }
    if (phase === "opening") {
      // A page is not told why a handshake failed.
      sessionRefused();
      const why = "no WebSocket came about: a proxy before the gateway may not let any through";
      fail(new ConnectError(why, Code.Unavailable));
      return;
    }
    if (code === policyViolation) sessionRefused();
    const last = call.messages.at(-1);
    const error = reason === "" || last === undefined ? undefined : errorOf(last.json);
    if (error !== undefined) change({ ...call, messages: call.messages.slice(0, -1) });
    const lost = reason === "" ? "the connection was lost" : reason;
    fail(error ?? new ConnectError(lost, Code.Unavailable));
  };
  return {
    send(text) {
      const json: unknown = JSON.parse(text);
      // What the gateway does not take ends the call: here it can be mended.
      fromJson(input, json as Parameters<typeof fromJson>[1]);
      socket.send(JSON.stringify(json));
      change(withMessage(call, JSON.stringify(json, null, 2), true));
    },
    end() {
      socket.send("");
      change(call, "ended");
    },
    cancel() {
      fail(new ConnectError("the call was cancelled here", Code.Canceled));
      socket.close();
    },
  };
}
