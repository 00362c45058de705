/** The calls that the gateway's tables repeat: the same small chat by gRPC, as JSON, as a stream, and as a core gets it. */

import { toBinary, toJsonString } from "@bufbuild/protobuf";
import { ChatRequestSchema as CoreRequestSchema } from "#gen/polyagent/core/v1/core_pb.js";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { benchKey, chatRequest, coreRequest, framed, paths } from "./chat.ts";
import type { Call } from "./load.ts";

const credential = ["authorization", `Bearer ${benchKey}`] as const;

/** A chat by gRPC. */
export const grpcCall: Call = {
  wire: "h2c",
  path: paths.chat,
  fields: [["content-type", "application/grpc"], ["te", "trailers"], credential],
  body: framed(toBinary(ChatRequestSchema, chatRequest)),
};

/** The same as JSON over HTTP/1.1. */
export const jsonCall: Call = {
  wire: "http/1.1",
  path: "/api/v1/chat",
  fields: [["content-type", "application/json"], credential],
  body: Buffer.from(toJsonString(ChatRequestSchema, chatRequest)),
};

/** The same by gRPC, answered by a stream of small messages. */
export const streamCall: Call = { ...grpcCall, path: paths.stream };

/** What differs where a core is called without a gateway. */
export const coreCall: Partial<Call> = {
  path: paths.coreChat,
  body: framed(toBinary(CoreRequestSchema, coreRequest)),
};
