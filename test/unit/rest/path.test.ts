/** How paths are taken apart: split first and decoded then, verbs, and what variables capture. */

import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { BadRequestSchema } from "#gen/google/rpc/error_details_pb.js";
import { captureOf, splitPath, splitVerb } from "#rest/path.ts";
import { parseTemplate } from "#rest/template.ts";
import { rejection } from "../../support/call.ts";

describe("the segments of a path", () => {
  test.each([
    ["/", []],
    ["/a", ["a"]],
    ["/a/b", ["a", "b"]],
    ["/a//b/", ["a", "", "b", ""]],
    ["/a%20b/c", ["a b", "c"]],
    ["/a%2Fb", ["a/b"]],
    ["/%C3%A9", ["é"]],
    ["/a+b", ["a+b"]],
  ])("%s are %j, each decoded once", (path, segments) => {
    expect(splitPath(path).decoded).toEqual(segments);
  });

  test("are kept as they were sent, too", () => {
    expect(splitPath("/a%2Fb/c").raw).toEqual(["a%2Fb", "c"]);
  });

  test.each(["/%", "/%zz", "/a/%ff"])("%s has an escape that is none", async (path) => {
    const error = await rejection((async () => splitPath(path))());
    expect(reasonOf(error)).toBe("REQUEST_INVALID");
    expect(error.rawMessage).toBe("path: an escape is malformed or not UTF-8");
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([
      { field: "path", description: "percent-escapes that decode to UTF-8" },
    ]);
  });
});

describe("the verb of a path", () => {
  test.each([
    ["/a/b:get", ["a", "b"], "get"],
    ["/a:b:c", ["a:b"], "c"],
    ["/:get", [""], "get"],
    ["/a%20b:%67et", ["a b"], "get"],
    ["/x%3Ay:get", ["x:y"], "get"],
  ])("%s: what follows the last colon", (path, decoded, verb) => {
    const split = splitVerb(splitPath(path));
    expect([split?.path.decoded, split?.verb]).toEqual([decoded, verb]);
  });

  test.each(["/", "/a/b", "/a:", "/a:b/c", "/a%3Ab"])("%s has none", (path) => {
    expect(splitVerb(splitPath(path))).toBeUndefined();
  });
});

describe("a variable captures", () => {
  const capture = (template: string, path: string) => {
    const [variable] = parseTemplate(template).variables;
    if (variable === undefined) throw new Error(template);
    return captureOf(variable, splitPath(path));
  };

  test.each([
    ["one segment, decoded", "/v1/{name}", "/v1/a%2Fb%20c", "a/b c"],
    ["several segments with their slashes", "/v1/{name=a/*}", "/v1/a/b", "a/b"],
    ["whatever is left", "/v1/{name=**}", "/v1/a/b/c", "a/b/c"],
    ["nothing, where nothing is left", "/v1/{name=**}", "/v1", ""],
    ["up to a word that is a variable itself", "/v1/{name=**}/a/{word=b}", "/v1/x/y/a/b", "x/y"],
    ["up to what follows", "/v1/{name=**}/end", "/v1/a/b/end", "a/b"],
    [
      "of several segments slashes that were escaped as such",
      "/v1/{name=**}",
      "/v1/a%2Fb/c%20d%2f",
      "a%2Fb/c d%2f",
    ],
  ])("%s: %s of %s", (_, template, path, captured) => {
    expect(capture(template, path)).toBe(captured);
  });
});
