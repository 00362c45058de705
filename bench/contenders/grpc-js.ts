/** @grpc/grpc-js without anything on top: `<port>`. */

import { create, type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import {
  type ChatRequest,
  type ChatResponse,
  ChatResponseSchema,
  ChatService,
  type StreamChatResponse,
  StreamChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";
import { answerTo, messagesPerStream, paths, pieceFor } from "../support/chat.ts";

const [, , port] = process.argv;

function definitionOf(method: DescMethod, path: string) {
  return {
    path,
    requestStream: false,
    responseStream: method.methodKind === "server_streaming",
    requestSerialize: (message: Message) => Buffer.from(toBinary(method.input, message)),
    requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
    responseSerialize: (message: Message) => Buffer.from(toBinary(method.output, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
  };
}

const chat: handleUnaryCall<ChatRequest, ChatResponse> = ({ request }, callback) =>
  callback(null, create(ChatResponseSchema, answerTo(request)));

const streamChat: handleServerStreamingCall<ChatRequest, StreamChatResponse> = (call) => {
  for (let sent = 0; sent < messagesPerStream; sent += 1) {
    call.write(create(StreamChatResponseSchema, pieceFor(call.request)));
  }
  call.end();
};

const server = new Server({ "grpc.max_concurrent_streams": 256 });
const service: ServiceDefinition = {
  chat: definitionOf(ChatService.method.chat, paths.chat),
  streamChat: definitionOf(ChatService.method.streamChat, paths.stream),
};
server.addService(service, { chat, streamChat });
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
