/** Gemini's countTokens, both sides. Pure. */

import { create } from "@bufbuild/protobuf";
import type { CountClient, CountServer } from "#dialects/count-dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { tokenCountOf } from "#dialects/token-count.ts";
import { CountTokensResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { ProtoObject } from "./proto-object.ts";
import { readGenerateContent } from "./request-reader.ts";
import { writeContents } from "./request-writer.ts";

/** For clients of the gateway: the contents alone, or a whole request of generateContent. */
export function geminiCountServer(model: string): CountServer {
  return {
    read(value) {
      const body = new ProtoObject(value);
      const whole = body.raw("generateContentRequest");
      if (whole === undefined) return readGenerateContent(value, model, false);
      if (body.has("contents")) {
        throw body.invalid("contents", "may not be set together with generateContentRequest");
      }
      const path = body.at("generateContentRequest");
      const { request, unknown } = readGenerateContent(whole, model, false, path);
      // Its own name of the model is the one in the path once more.
      const others = unknown.filter((place) => place !== `${path}.model`);
      return { request, unknown: [...body.unread(), ...others] };
    },
    write: ({ promptTokens, cacheReadTokens }) => ({
      totalTokens: promptTokens,
      ...(cacheReadTokens === 0 ? {} : { cachedContentTokenCount: cacheReadTokens }),
    }),
  };
}

/** For providers behind the gateway. */
export const geminiCountClient: CountClient = {
  write(request, target) {
    const { body, dropped } = writeContents(request, target);
    const isAlone = Object.keys(body).every((name) => name === "contents");
    const model = `models/${target.model.replace(/^models\//, "")}`;
    return { body: isAlone ? body : { generateContentRequest: { model, ...body } }, dropped };
  },
  read(value) {
    const body = new LooseObject(value);
    return create(CountTokensResponseSchema, {
      promptTokens: tokenCountOf(body.raw("totalTokens")),
      cacheReadTokens: body.count("cachedContentTokenCount"),
    });
  },
};
