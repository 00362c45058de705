/** Bare node:http that does a JSON call's JSON and protobuf work and nothing else: `<port>`. */

import { createServer } from "node:http";
import { create, fromJson, toJson } from "@bufbuild/protobuf";
import { ChatRequestSchema, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { answerTo } from "../support/chat.ts";

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const sent = fromJson(ChatRequestSchema, JSON.parse(Buffer.concat(chunks).toString()));
    const answer = create(ChatResponseSchema, answerTo(sent));
    const json = toJson(ChatResponseSchema, answer, {
      useProtoFieldName: true,
      alwaysEmitImplicit: true,
    });
    const body = Buffer.from(JSON.stringify(json));
    response.setHeader("content-type", "application/json");
    response.setHeader("content-length", body.length);
    response.end(body);
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
