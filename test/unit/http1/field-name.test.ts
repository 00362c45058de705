import { expect, test } from "vitest";
import { FieldNames, fieldKind } from "#http1/field-name.ts";

function nameOf(names: FieldNames, text: string, hash = 1) {
  const bytes = Buffer.from(`-${text}-`);
  return names.at(bytes, 1, bytes.length - 1, hash);
}

test("a name that comes again is the same object, in whatever case", () => {
  const names = new FieldNames();
  const first = nameOf(names, "Content-Length");
  expect(first).toEqual({ text: "content-length", kind: fieldKind.contentLength });
  expect(nameOf(names, "content-LENGTH")).toBe(first);
});

test("names of one hash are told apart", () => {
  const names = new FieldNames();
  expect(nameOf(names, "host").kind).toBe(fieldKind.host);
  expect(nameOf(names, "hosu")).toEqual({ text: "hosu", kind: fieldKind.regular });
  expect(nameOf(names, "hos").text).toBe("hos");
  expect(nameOf(names, "host").text).toBe("host");
});

test("a name that is hardly sent again is not kept", () => {
  const names = new FieldNames();
  const long = "x".repeat(65);
  expect(nameOf(names, long)).not.toBe(nameOf(names, long));
});
