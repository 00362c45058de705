/** Conversations whose calls and results do not match are refused; those that any vendor takes are not. */

import { describe, expect, test } from "vitest";
import { requireAnswers } from "#dialects/answered-calls.ts";
import { servers } from "#dialects/dialects.ts";
import { infoMetadataOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";

const user = { role: "user", content: "Hi" };
const call = (id: string) => ({ type: "function_call", call_id: id, name: "f", arguments: "{}" });
const result = (id: string) => ({ type: "function_call_output", call_id: id, output: "1" });
const said = { role: "assistant", content: "Done" };

function placeOf(input: unknown, more = {}): unknown {
  const { request } = servers["openai-responses"].readRequest({ model: "m", input, ...more });
  try {
    requireAnswers(request);
    return undefined;
  } catch (thrown) {
    return infoMetadataOf(faultFrom(thrown)).param;
  }
}

describe("are taken", () => {
  test.each([
    ["words alone", [user, said, user]],
    ["a call and its result", [user, call("a"), result("a")]],
    [
      "several calls at once, answered in another order",
      [call("a"), call("b"), result("b"), result("a")],
    ],
    ["a call after the result of another", [call("a"), result("a"), call("b"), result("b"), user]],
    ["words of the user ahead of the result", [user, call("a"), user, result("a")]],
    ["a last call, which its client is to answer", [user, call("a")]],
    ["a call that is answered twice", [call("a"), result("a"), result("a")]],
  ])("%s", (_name, input) => {
    expect(placeOf(input)).toBeUndefined();
  });

  test("results of calls that a provider keeps", () => {
    expect(placeOf([result("a")], { previous_response_id: "resp_1" })).toBeUndefined();
    expect(placeOf([result("a")], { conversation: "conv_1" })).toBeUndefined();
  });
});

describe("are refused at the place", () => {
  test.each([
    ["a result without a call", [user, result("a")], "messages[1].parts[0]"],
    ["a result ahead of its call", [result("a"), call("a")], "messages[0].parts[0]"],
    ["a call that the user goes on from", [call("a"), user], "messages[0].parts[0]"],
    [
      "a call that the assistant goes on from",
      [call("a"), user, said, user],
      "messages[0].parts[0]",
    ],
    ["one of two calls", [call("a"), call("b"), result("a"), user], "messages[0].parts[1]"],
  ])("%s", (_name, input, place) => {
    expect(placeOf(input)).toBe(place);
  });
});
