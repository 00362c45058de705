/** Words of clients and providers that are members of every object mean nothing, like any unknown word. */

import { toJsonString } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { audioTypeOf } from "#chat/media.ts";
import { stopOfWord } from "#chat/short-form.ts";
import { readErrorBody as readAnthropicError } from "#dialects/anthropic/error-reader.ts";
import { readStop as readAnthropicStop } from "#dialects/anthropic/stop.ts";
import { servers } from "#dialects/dialects.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { readErrorBody } from "#dialects/openai-chat/error-reader.ts";
import { readStop } from "#dialects/openai-chat/stop.ts";
import { infoMetadataOf, reasonOf } from "#errors/fault.ts";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { Stop_Kind as Kind } from "#gen/polygate/v1/conversation_pb.js";

describe.each(["constructor", "toString", "hasOwnProperty", "__proto__"])("%s", (word) => {
  test("is a reason to stop like any that is unknown", () => {
    const stops = [
      readStop(word, false),
      readAnthropicStop(new LooseObject({ stop_reason: word }), false),
      stopOfWord(word),
    ];
    expect(stops.map(({ kind }) => kind)).toEqual([Kind.END, Kind.END, Kind.END]);
  });

  test("is an error of a provider like any that is unknown", () => {
    for (const fault of [
      readErrorBody({ error: { type: word, message: "m" } }),
      readErrorBody({ error: { code: word, message: "m" } }),
      readAnthropicError({ error: { type: word, message: "m" } }),
    ]) {
      expect(reasonOf(fault)).toBe("BACKEND_FAILED");
      expect(infoMetadataOf(fault)).toMatchObject({ upstream_status: "500", upstream_code: word });
    }
  });

  test("is a format of audio, and of what a model thought, that requests are sent on with", () => {
    const messages = [
      {
        role: "user",
        content: [{ type: "input_audio", input_audio: { data: "AAAA", format: word } }],
      },
      {
        role: "assistant",
        content: "x",
        reasoning_details: [{ type: "reasoning.text", text: "t", signature: "s", format: word }],
      },
    ];
    const { request } = servers["openai-chat"].readRequest({ model: "m", messages });
    expect(toJsonString(ChatRequestSchema, request)).toContain(`"mediaType":"audio/${word}"`);
    expect(audioTypeOf(word)).toBe(`audio/${word}`);
  });
});
