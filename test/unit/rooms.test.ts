/** The floor plan is kept: imports run downwards only, and libraries know nothing of the gateway. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { jsonSchema } from "#config/json-schema.ts";
import { fieldsOf } from "#yaml/fields.ts";
import {
  importsByRoom,
  layersOf,
  libraries,
  plan,
  roomOf,
  sourceFiles,
  specifiersOf,
  targetOf,
} from "../support/floor-plan.ts";

const files = sourceFiles();
const rooms = [...new Set(files.map(roomOf))];
const imports = importsByRoom();

for (const [room, mayImport] of Object.entries(plan)) {
  test(`${room} imports only ${[room, ...mayImport].join(", ")}`, () => {
    for (const file of files.filter((one) => roomOf(one) === room)) {
      for (const specifier of specifiersOf(file)) {
        expect(specifier.startsWith("../"), `${file} climbs out with ${specifier}`).toBe(false);
        const target = targetOf(specifier, room);
        if (target === undefined) continue;
        expect([room, ...mayImport], `${file} imports ${specifier}`).toContain(target);
      }
    }
  });
}

test("every permission of the plan is used", () => {
  const unused = Object.entries(plan).flatMap(([room, mayImport]) =>
    mayImport
      .filter((target) => imports.get(room)?.has(target) !== true)
      .map((target) => `${room} → ${target}`),
  );
  expect(unused).toEqual([]);
});

test("the plan and the imports have no circle", () => {
  expect(() => layersOf(imports)).not.toThrow();
  const planned = Object.entries(plan).map(([room, targets]) => [room, new Set(targets)] as const);
  expect(() => layersOf(new Map(planned))).not.toThrow();
  const circle = new Map([
    ["a", new Set(["b"])],
    ["b", new Set(["a"])],
  ]);
  expect(() => layersOf(circle)).toThrow("a circle of imports: a, b");
});

test("every folder under src, and every file next to them, is a room of the plan", () => {
  expect(rooms.filter((room) => !(room in plan))).toEqual([]);
  expect(Object.keys(plan).filter((room) => !rooms.includes(room))).toEqual([]);
});

test("every file says its one responsibility in its first line", () => {
  for (const file of files) {
    const text = readFileSync(file, "utf8").replace(/^#!.*\n/, "");
    expect(text.startsWith("/** "), file).toBe(true);
  }
});

const libraryFiles = files.filter((file) => libraries.includes(roomOf(file)));

test("libraries import libraries, and no proto of the gateway or of its cores", () => {
  const others = libraryFiles.flatMap((file) =>
    specifiersOf(file).flatMap((specifier) => {
      const target = targetOf(specifier, roomOf(file));
      if (target === undefined || libraries.includes(target)) return [];
      const isPublicProto = target === "gen" && !/^#gen\/poly(?:gate|agent)\//.test(specifier);
      return isPublicProto ? [] : [`${file} imports ${specifier}`];
    }),
  );
  expect(others).toEqual([]);
});

/** Words of HTTP rules and of failures, which are also names of settings. */
const sharedWords = new Set([
  "additional_bindings",
  "response_body",
  "connect_timeout",
  "idle_timeout",
]);

test("libraries name no setting, neither in code nor in texts", () => {
  const names = fieldsOf(jsonSchema())
    .map(({ path }) => path.split(".").at(-1) ?? "")
    .filter((name) => name.includes("_") && !sharedWords.has(name));
  const anyName = new RegExp(`\\b(?:${names.join("|")})\\b`, "g");
  const found = libraryFiles.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(anyName)].map(([name]) => `${file} names ${name}`),
  );
  expect(names.length).toBeGreaterThan(50);
  expect(found).toEqual([]);
});

test("what package.json exports are libraries, and the pages' client of the gateway", () => {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
    exports: Record<string, string | { readonly source: string }>;
  };
  const sources = Object.values(exports).flatMap((one) =>
    typeof one === "string" ? [] : [roomOf(one.source.replace("./", ""))],
  );
  expect(sources.length).toBeGreaterThan(5);
  // The one is a client of the gateway, the other the gateway itself.
  expect(sources.filter((room) => !libraries.includes(room))).toEqual(["react", "fastify"]);
});

test("tsconfig paths lead where the imports of package.json lead", () => {
  const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));
  const { imports: mapped } = read("package.json") as {
    imports: Record<string, string | { readonly source: string }>;
  };
  const { paths } = read("tsconfig.json").compilerOptions as { paths: Record<string, string[]> };
  const expected = Object.entries(mapped).map(([pattern, target]) => [
    pattern,
    [typeof target === "string" ? target : target.source],
  ]);
  expect(paths).toEqual(Object.fromEntries(expected));
});

const timeSource = /\bperformance\.now\(|\bDate\.now\(|\bset(?:Timeout|Interval)\(/;

test.each(["rpc", "grpc-client"])("%s takes its time from the clock that it is given", (room) => {
  const own = files.filter((file) => roomOf(file) === room);
  expect(own.filter((file) => timeSource.test(readFileSync(file, "utf8")))).toEqual([]);
});
