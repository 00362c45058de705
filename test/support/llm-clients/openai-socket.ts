/** OpenAI's own SDK, by Responses over a WebSocket: the result of a call says only what is new. */

import type {
  Response,
  ResponseCreateParamsNonStreaming,
  ResponseInputItem,
} from "openai/resources/responses/responses";
import { ResponsesWS } from "openai/resources/responses/ws";
import { type Ask, type LlmClient, type Reply, statusIn } from "./client.ts";
import { questionItem, responseParams, saidIn, sdk } from "./openai.ts";

/** Connections of all calls; each is closed at the end. */
const open = new Set<ResponsesWS>();

class Refused extends Error {
  readonly status: unknown;

  constructor(status: unknown, message: string) {
    super(message);
    this.status = status;
  }
}

/** One turn of a connection. */
function turn(
  socket: ResponsesWS,
  ask: Ask,
  params: ResponseCreateParamsNonStreaming,
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const listener = (event: { readonly type: string }) => {
    const told = event as { status?: unknown; response?: Response; error?: { message: string } };
    if (event.type === "response.output_text.delta" && ask.streams) ask.onPiece?.();
    if (event.type === "error") reject(new Refused(told.status, told.error?.message ?? ""));
    if (event.type === "response.failed") reject(new Error(told.response?.error?.message));
    if (event.type === "response.completed") resolve(told.response as Response);
  };
  const leave = () => {
    socket.close();
    reject(new Error("the client left"));
  };
  ask.signal?.addEventListener("abort", leave, { once: true });
  socket.on("event", listener);
  const { stream, ...body } = params;
  socket.send({ type: "response.create", ...body });
  return promise.finally(() => socket.off("event", listener));
}

async function respond(
  socket: ResponsesWS,
  ask: Ask,
  input: readonly ResponseInputItem[],
  previous?: string,
): Promise<Reply> {
  const goesOn = previous === undefined ? {} : { previous_response_id: previous };
  const response = await turn(socket, ask, { ...responseParams(ask, input), ...goesOn });
  const { callId, thoughts, calls } = saidIn(response);
  const text = response.output
    .flatMap((item) => (item.type === "message" ? item.content : []))
    .map((part) => (part.type === "output_text" ? part.text : ""))
    .join("");
  return {
    text,
    thoughts,
    calls,
    tokens: response.usage?.total_tokens,
    ...(ask.schema ? { object: JSON.parse(text) } : {}),
    answer: (output) =>
      respond(
        socket,
        ask,
        [{ type: "function_call_output", call_id: callId, output }],
        response.id,
      ),
  };
}

/** The client of sockets. */
export const socketClient: LlmClient = {
  name: "openai, Responses over WebSocket",
  face: "openai-responses",
  ask(gateway, ask) {
    const socket = new ResponsesWS(sdk(gateway), { reconnect: null });
    // Errors are events, too.
    socket.on("error", () => {});
    open.add(socket);
    return respond(socket, ask, [questionItem(ask)]);
  },
  close() {
    for (const socket of open) socket.close();
    open.clear();
  },
  statusOf: statusIn,
};
