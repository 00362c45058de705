import { describe, expect, test } from "vitest";
import { isMetadata, Metadata, metadataFields } from "#protocol/metadata.ts";

function source(...fields: (readonly [string, string])[]) {
  let listed = 0;
  return {
    header: (name: string) =>
      fields
        .filter(([other]) => other === name)
        .map(([, value]) => value)
        .join(", ") || undefined,
    headers() {
      listed += 1;
      return fields;
    },
    get listed() {
      return listed;
    },
  };
}

describe("metadata over a request", () => {
  test("reading a field makes no list; names are in any case; values are joined", () => {
    const fields = source(["a", "1"], ["b", "2"], ["a", "3"]);
    const metadata = new Metadata(fields);
    expect([metadata.get("A"), metadata.has("b"), metadata.get("c")]).toEqual(["1, 3", true, null]);
    expect(fields.listed).toBe(0);
  });

  test("changes stay with it", () => {
    const metadata = new Metadata(source(["a", "1"], ["b", "2"]));
    metadata.set("A", "x");
    metadata.append("a", "y");
    metadata.delete("B");
    expect([...metadata]).toEqual([["a", "x, y"]]);
    expect([...metadata.fields()]).toEqual([
      ["a", "x"],
      ["a", "y"],
    ]);
  });

  test("is read as it was changed", () => {
    const metadata = new Metadata(source(["a", "1"], ["b", "2"]));
    metadata.set("a", "x");
    metadata.append("c", "3");
    metadata.append("c", "4");
    metadata.delete("b");
    expect(["a", "b", "C"].map((name) => metadata.get(name))).toEqual(["x", null, "3, 4"]);
    expect(["a", "b", "c"].map((name) => metadata.has(name))).toEqual([true, false, true]);
  });

  test("what is appended first stands behind what came in", () => {
    const metadata = new Metadata(source(["a", "1"]));
    metadata.append("b", "2");
    expect(metadata.fields()).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
    expect(metadata.isEmpty).toBe(false);
  });

  test("is not empty before anybody has looked at it", () => {
    expect(new Metadata(source(["a", "1"])).isEmpty).toBe(false);
  });

  test("a field is replaced where its first value stands, and its others go", () => {
    const metadata = new Metadata(source(["a", "1"], ["b", "2"], ["a", "3"], ["b", "4"]));
    metadata.set("B", "x");
    expect(metadata.fields()).toEqual([
      ["a", "1"],
      ["b", "x"],
      ["a", "3"],
    ]);
  });

  test("cookies in several fields read as one, before a change and behind it", () => {
    const joined = "a=1; b=2";
    const crumbs = [
      ["cookie", "a=1"],
      ["cookie", "b=2"],
    ] as const;
    const metadata = new Metadata({ header: () => joined, headers: () => crumbs });
    expect(metadata.get("cookie")).toBe(joined);
    metadata.set("x", "1");
    expect(metadata.get("cookie")).toBe(joined);
    expect(new Headers(metadata).get("cookie")).toBe(joined);
    expect(metadata.fields().slice(0, 2)).toEqual(crumbs);
  });

  test("it is taken where Headers are", () => {
    const headers = new Headers(new Metadata(source(["a", "1"], ["b", "2"])));
    expect([...headers]).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
  });
});

describe("metadata of an answer", () => {
  test("does what Headers does", () => {
    for (const headers of [new Headers(), new Metadata()]) {
      headers.append("X-One", " 1 ");
      headers.append("x-one", "2");
      headers.append("set-cookie", "a=1");
      headers.append("set-cookie", "b=2");
      headers.set("b", "3");
      const seen: string[] = [];
      headers.forEach((value, name) => {
        seen.push(`${name}: ${value}`);
      });
      expect(new Set(seen)).toEqual(
        new Set(["b: 3", "set-cookie: a=1", "set-cookie: b=2", "x-one: 1, 2"]),
      );
      expect(headers.getSetCookie()).toEqual(["a=1", "b=2"]);
      expect([...headers.keys()].includes("b")).toBe(true);
      expect([...headers.values()].includes("3")).toBe(true);
      expect(() => headers.set("bad name", "x")).toThrow(TypeError);
      expect(() => headers.set("name", "line\r\nbreak")).toThrow(TypeError);
      expect(() => headers.append("name", "☺")).toThrow(TypeError);
    }
  });

  test("is empty until somebody puts something in", () => {
    const metadata = new Metadata();
    expect(metadata.isEmpty).toBe(true);
    metadata.set("a", "1");
    expect(metadata.isEmpty).toBe(false);
    metadata.delete("a");
    expect(metadata.isEmpty).toBe(true);
  });

  test("that nobody put anything in has no field, by any way of asking", () => {
    const metadata = new Metadata();
    expect([...metadata, ...metadata.fields(), ...metadata.getSetCookie()]).toEqual([]);
    expect(metadata.get("a")).toBeNull();
  });

  test("a refusal names the field", () => {
    const metadata = new Metadata();
    expect(() => metadata.set("bad name", "x")).toThrow('"bad name" is not a field name');
    expect(() => metadata.set("X-A", "\0")).toThrow("x-a: not a field value");
  });

  test("fields of protocol and connection are not sent as metadata; repeated values stay apart", () => {
    const metadata = new Metadata();
    for (const name of ["content-type", "grpc-status", "connect-timeout-ms", "te", "x"]) {
      metadata.append(name, "1");
      metadata.append(name, "2");
    }
    expect(metadataFields(metadata, "trailer-")).toEqual([
      ["trailer-x", "1"],
      ["trailer-x", "2"],
    ]);
    expect(metadataFields(new Headers({ "content-length": "1", y: "3" }))).toEqual([["y", "3"]]);
    expect(isMetadata("grpcmeta")).toBe(true);
  });
});
