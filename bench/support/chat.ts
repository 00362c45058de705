/** The work that every contender does: a small chat call, decoded and encoded with protobuf. */

import {
  create,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { HealthCheckResponseSchema } from "#gen/grpc/health/v1/health_pb.js";
import {
  ChatRequestSchema as CoreRequestSchema,
  ChatResponseSchema as CoreResponseSchema,
} from "#gen/polyagent/core/v1/core_pb.js";
import {
  ChatRequestSchema,
  ChatResponseSchema,
  StreamChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";

/** The credential that calls carry. */
export const benchKey = "bench-key-4f1c9a7e52d84b06";

/** What a load asks for. Bodies of up and down are `largeBytes` long. */
export const paths = {
  chat: "/polygate.v1.ChatService/Chat",
  stream: "/polygate.v1.ChatService/StreamChat",
  coreChat: "/polyagent.core.v1.CoreService/Chat",
  health: "/grpc.health.v1.Health/Check",
  up: "/up",
  down: "/down",
} as const;

/** Length of a large body. */
export const largeBytes = 1 << 20;

/** Messages in the answer to StreamChat. */
export const messagesPerStream = 100;

/** The request: 101 bytes of protobuf. */
export const chatRequest = create(ChatRequestSchema, {
  message: "What is the capital of the country whose flag has a red circle??",
  useTools: true,
  modelPreference: "echo",
  sessionId: "session-0123456789abcdef0",
});

/** The same question as a core gets it. */
export const coreRequest = create(CoreRequestSchema, {
  messages: [{ role: "user", content: chatRequest.message }],
  useTools: true,
  model: "echo",
  sessionId: chatRequest.sessionId,
});

const usage = { promptTokens: 20, completionTokens: 12, totalTokens: 32 };

/** The answer to a chat request. */
export function answerTo(
  request: MessageShape<typeof ChatRequestSchema>,
): MessageInitShape<typeof ChatResponseSchema> {
  return {
    response: request.message,
    modelUsed: request.modelPreference,
    usage,
    processingTimeMs: 1,
    finishReason: "stop",
  };
}

/** A request whose stream carries large messages. */
export const largeStreamRequest = create(ChatRequestSchema, {
  ...chatRequest,
  modelPreference: "large",
});

const smallPiece = { delta: "word" };
const largePiece = { delta: "word".repeat(4_096) };

/** One of the messages that answer StreamChat. */
export function pieceFor(
  request: MessageShape<typeof ChatRequestSchema>,
): MessageInitShape<typeof StreamChatResponseSchema> {
  return request.modelPreference === largeStreamRequest.modelPreference ? largePiece : smallPiece;
}

/** A message behind gRPC's prefix of five bytes. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

/** Makes the frames that answer a StreamChat request, each encoded anew. */
export function framesFor(request: Uint8Array): () => Buffer {
  const piece = pieceFor(fromBinary(ChatRequestSchema, request.subarray(5)));
  return () => framed(toBinary(StreamChatResponseSchema, create(StreamChatResponseSchema, piece)));
}

/** Length of a small StreamChat message on the wire. */
export const smallFrameBytes = framed(
  toBinary(StreamChatResponseSchema, create(StreamChatResponseSchema, smallPiece)),
).length;

/** Answers to unary calls by path, from frame to frame. */
const answers: ReadonlyMap<string, (request: Uint8Array) => Buffer> = new Map([
  [
    paths.chat,
    (request: Uint8Array) => {
      const answer = answerTo(fromBinary(ChatRequestSchema, request.subarray(5)));
      return framed(toBinary(ChatResponseSchema, create(ChatResponseSchema, answer)));
    },
  ],
  [
    paths.coreChat,
    (request: Uint8Array) => {
      const { messages, model } = fromBinary(CoreRequestSchema, request.subarray(5));
      const content = messages.at(-1)?.content ?? "";
      const answer = create(CoreResponseSchema, { content, model, usage, finishReason: "stop" });
      return framed(toBinary(CoreResponseSchema, answer));
    },
  ],
  [
    paths.health,
    () =>
      framed(toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status: 1 }))),
  ],
]);

const large = Buffer.alloc(largeBytes, 1);
const empty = Buffer.alloc(0);

/** The body that answers a unary call. */
export function answerOf(path: string, body: Uint8Array): Buffer {
  return path === paths.down ? large : (answers.get(path)?.(body) ?? empty);
}
