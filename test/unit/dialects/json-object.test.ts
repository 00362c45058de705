/** What a client's JSON holds is read by its type, or refused with its place and in words. */

import { describe, expect, test } from "vitest";
import { JsonObject } from "#dialects/json-object.ts";
import { infoMetadataOf, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { BadRequestSchema } from "#gen/google/rpc/error_details_pb.js";

type Read = (object: JsonObject) => unknown;

function refusalOf(work: () => unknown) {
  try {
    work();
  } catch (thrown) {
    const fault = faultFrom(thrown);
    const [violation] = fault.findDetails(BadRequestSchema)[0]?.fieldViolations ?? [];
    return {
      reason: reasonOf(fault),
      text: fault.rawMessage,
      violation: [violation?.field, violation?.description],
      ...infoMetadataOf(fault),
    };
  }
  throw new Error("nothing was refused");
}

const words = ["auto", "none"] as const;

describe("a field", () => {
  test.each<readonly [string, unknown, Read, unknown]>([
    ["as it came", [1], (one) => one.raw("x"), [1]],
    ["that is false, as it came", false, (one) => one.raw("x"), false],
    ["that is 0, and there", 0, (one) => one.has("x"), true],
    ["of text", "a", (one) => one.text("x"), "a"],
    ["of empty text", "", (one) => one.text("x"), ""],
    ["of text that must be there", "a", (one) => one.needText("x"), "a"],
    ["that is a number", 1.5, (one) => one.number("x"), 1.5],
    ["that is the least number", -1, (one) => one.number("x", -1, 1), -1],
    ["that is the greatest number", 1, (one) => one.number("x", -1, 1), 1],
    ["that is the least integer", 0, (one) => one.integer("x", 0), 0],
    ["that is the greatest integer", 0x7fff_ffff, (one) => one.integer("x", 0), 0x7fff_ffff],
    ["that is the greatest integer allowed", 9, (one) => one.integer("x", 0, 9), 9],
    ["that is a flag", false, (one) => one.flag("x"), false],
    ["that is a word", "none", (one) => one.word("x", words), "none"],
    ["that is a word in small letters", "any", (one) => one.anyCaseWord("x", ["ANY"]), "ANY"],
    ["that is a list", [1, null], (one) => one.list("x"), [1, null]],
    ["that is a list of texts", ["a", ""], (one) => one.texts("x"), ["a", ""]],
    ["that is an object of texts", { a: "b" }, (one) => one.textMap("x"), { a: "b" }],
    ["as JSON", { a: [1] }, (one) => one.json("x"), '{"a":[1]}'],
    ["that is an object, with its place", {}, (one) => one.object("x")?.path, "body.x"],
    [
      "that is a list of objects, with their places",
      [{}, {}],
      (one) => one.objects("x").map(({ path }) => path),
      ["body.x[0]", "body.x[1]"],
    ],
  ])("%s is read", (_name, value, read, expected) => {
    expect(read(new JsonObject({ x: value }, "body"))).toEqual(expected);
  });

  test.each<readonly [string, Read, unknown]>([
    ["raw", (one) => one.raw("x"), undefined],
    ["has", (one) => one.has("x"), false],
    ["text", (one) => one.text("x"), undefined],
    ["number", (one) => one.number("x"), undefined],
    ["integer", (one) => one.integer("x", 0), undefined],
    ["flag", (one) => one.flag("x"), undefined],
    ["word", (one) => one.word("x", words), undefined],
    ["anyCaseWord", (one) => one.anyCaseWord("x", ["ANY"]), undefined],
    ["object", (one) => one.object("x"), undefined],
    ["list", (one) => one.list("x"), undefined],
    ["texts", (one) => one.texts("x"), undefined],
    ["objects", (one) => one.objects("x"), []],
    ["textMap", (one) => one.textMap("x"), {}],
    ["json", (one) => one.json("x"), undefined],
  ])("that is null counts as absent: %s", (_name, read, expected) => {
    expect(read(new JsonObject({ x: null }))).toEqual(expected);
    expect(read(new JsonObject({}))).toEqual(expected);
  });

  test.each<readonly [string, unknown, Read, string]>([
    ["text", 1, (one) => one.text("x"), "body.x: expected text"],
    ["text that is missing", undefined, (one) => one.needText("x"), "body.x: is required"],
    ["a number", "1", (one) => one.number("x"), "body.x: expected a number"],
    ["a number, with one bound", -1, (one) => one.number("x", 0), "body.x: expected a number"],
    [
      "a number below",
      -1.1,
      (one) => one.number("x", -1, 1),
      "body.x: expected a number from -1 to 1",
    ],
    [
      "a number above",
      1.1,
      (one) => one.number("x", -1, 1),
      "body.x: expected a number from -1 to 1",
    ],
    ["an integer", 1.5, (one) => one.integer("x", 1, 9), "body.x: expected an integer from 1 to 9"],
    [
      "an integer below",
      0,
      (one) => one.integer("x", 1, 9),
      "body.x: expected an integer from 1 to 9",
    ],
    [
      "an integer above",
      10,
      (one) => one.integer("x", 1, 9),
      "body.x: expected an integer from 1 to 9",
    ],
    [
      "an integer as text",
      "1",
      (one) => one.integer("x", 1, 9),
      "body.x: expected an integer from 1 to 9",
    ],
    ["a flag", 1, (one) => one.flag("x"), "body.x: expected true or false"],
    ["a word", "never", (one) => one.word("x", words), "body.x: expected one of auto, none"],
    [
      "a word in any case",
      "never",
      (one) => one.anyCaseWord("x", ["ANY", "NONE"]),
      "body.x: expected one of ANY, NONE",
    ],
    ["an object", [], (one) => one.object("x"), "body.x: expected an object"],
    ["a list", {}, (one) => one.list("x"), "body.x: expected a list"],
    ["a list of texts", ["a", 1], (one) => one.texts("x"), "body.x[1]: expected text"],
    ["an object of texts", [], (one) => one.textMap("x"), "body.x: expected an object"],
    ["an object of texts alone", { a: 1 }, (one) => one.textMap("x"), "body.x.a: expected text"],
    ["a list of objects", [{}, null], (one) => one.objects("x"), "body.x[1]: expected an object"],
  ])("that is no %s is refused with its place", (_name, value, read, text) => {
    const refused = refusalOf(() => read(new JsonObject({ x: value }, "body")));
    expect(refused).toMatchObject({
      reason: "PARAMETER_INVALID",
      text,
      param: text.split(": ")[0],
      violation: text.split(": "),
    });
  });

  test("of the prototype is nobody's", () => {
    const object = new JsonObject({});
    expect([object.raw("constructor"), object.has("toString")]).toEqual([undefined, false]);
  });
});

test("what is no object at all is refused, without a place where it is the body", () => {
  for (const value of [undefined, null, [], "x", 1]) {
    expect(refusalOf(() => new JsonObject(value))).toMatchObject({
      text: "expected an object",
      param: "",
    });
  }
});

test("fields that are set and that nobody asked for are named with their places", () => {
  const object = new JsonObject({ a: 1, b: null, c: 0, d: 2, e: 3 }, "body");
  object.raw("a");
  object.ignore("d", "none");
  expect(object.unread()).toEqual(["body.c", "body.e"]);
  expect(new JsonObject({ a: 1 }).unread()).toEqual(["a"]);
});
