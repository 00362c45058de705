import { expect, test } from "vitest";
import { createAliasTable } from "#backends/onnx/alias-table.ts";

const isModel = (name: string) => ["digits", "faces"].includes(name);

test("an alias leads to the model that claimed it", () => {
  const aliases = createAliasTable(isModel);
  aliases.claim("digits", ["mnist", "numbers"]);
  expect(aliases.find("numbers")).toBe("digits");
  expect(aliases.find("letters")).toBeUndefined();
});

test("a new claim replaces the old one of the same model", () => {
  const aliases = createAliasTable(isModel);
  aliases.claim("digits", ["mnist"]);
  aliases.claim("digits", ["numbers"]);
  expect(aliases.find("mnist")).toBeUndefined();
  aliases.claim("faces", ["mnist"]);
  expect(aliases.find("mnist")).toBe("faces");
});

test("an alias that another model has is refused, and nothing changes", () => {
  const aliases = createAliasTable(isModel);
  aliases.claim("digits", ["mnist"]);
  aliases.claim("faces", ["people"]);
  expect(() => aliases.claim("faces", ["heads", "mnist"])).toThrow(
    'model.yaml: aliases: "mnist" is taken by model "digits"',
  );
  expect(aliases.find("people")).toBe("faces");
  expect(aliases.find("heads")).toBeUndefined();
});

test("no alias shadows a model, but a model may name itself", () => {
  const aliases = createAliasTable(isModel);
  expect(() => aliases.claim("digits", ["faces"])).toThrow('"faces" is taken by model "faces"');
  aliases.claim("digits", ["digits"]);
  expect(aliases.find("digits")).toBe("digits");
});
