/** The call that most tables repeat: a chat over gRPC, with a key. */

import { toBinary } from "@bufbuild/protobuf";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { benchKey, chatRequest, framed, paths } from "./chat.ts";
import type { Call } from "./load.ts";

/** The header that says who calls. */
export const credential = ["authorization", `Bearer ${benchKey}`] as const;

export const chatCall: Call = {
  wire: "h2c",
  path: paths.chat,
  fields: [["content-type", "application/grpc"], ["te", "trailers"], credential],
  body: framed(toBinary(ChatRequestSchema, chatRequest)),
};
