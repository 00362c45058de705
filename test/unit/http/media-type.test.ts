/** Content types and what Accept wants most. */

import { expect, test } from "vitest";
import { mediaTypeFrom, preferredOf } from "#http/media-type.ts";

test("a media type has a name in lower case and parameters, quoted or bare", () => {
  const { type, parameters } = mediaTypeFrom(
    'Application/JSON ; Charset="utf-8"; boundary=a.b; q = 0.5; x="a\\"b;c"',
  );
  expect(type).toBe("application/json");
  expect(Object.fromEntries(parameters)).toEqual({
    charset: "utf-8",
    boundary: "a.b",
    q: "0.5",
    x: 'a"b;c',
  });
});

test("a media type without parameters has a name in lower case, and no blanks around it", () => {
  for (const text of [" Text/HTML ", "text/html ; q=1"])
    expect(mediaTypeFrom(text).type).toBe("text/html");
  expect(mediaTypeFrom("text/html").parameters.size).toBe(0);
});

const offers = ["text/event-stream", "application/x-ndjson", "application/json"];

test.for([
  { name: "no field wants the first", accept: undefined, wanted: "text/event-stream" },
  { name: "an empty field wants the first", accept: " ", wanted: "text/event-stream" },
  { name: "anything wants the first", accept: "*/*", wanted: "text/event-stream" },
  { name: "an odd sign for anything wants the first", accept: "*", wanted: "text/event-stream" },
  { name: "blanks do not matter", accept: " application/json ", wanted: "application/json" },
  {
    name: "a quality that is no number counts as 1",
    accept: "application/json;q=x",
    wanted: "application/json",
  },
  {
    name: "without a quality it is 1",
    accept: "text/event-stream;q=0.9, application/json",
    wanted: "application/json",
  },
  { name: "a family of another kind wants nothing here", accept: "text*", wanted: undefined },
  { name: "a name wants that", accept: "application/json", wanted: "application/json" },
  {
    name: "names are compared without case",
    accept: "Application/JSON",
    wanted: "application/json",
  },
  { name: "a family wants its first", accept: "application/*", wanted: "application/x-ndjson" },
  {
    name: "the greatest quality wins",
    accept: "text/event-stream;q=0.3, application/json;q=0.8",
    wanted: "application/json",
  },
  {
    name: "the most precise range decides the quality of an offer",
    accept: "*/*;q=0.1, text/event-stream;q=0, application/*;q=0.5, application/json;q=0.6",
    wanted: "application/json",
  },
  {
    name: "quality 0 excludes",
    accept: "*/*, text/event-stream;q=0",
    wanted: "application/x-ndjson",
  },
  { name: "another name wants nothing here", accept: "text/html", wanted: undefined },
  { name: "quality 0 for all wants nothing", accept: "*/*;q=0", wanted: undefined },
])("$name", ({ accept, wanted }) => {
  expect(preferredOf(accept, offers)).toBe(wanted);
});
