/** Secrets in files: `NAME_FILE` beside a variable, `${file:…}` in the configuration. */

import { expect, test } from "vitest";
import { ConfigFolder, problemsOf, settingsOf } from "../../support/config-folder.ts";

const load = (
  {
    yaml = "",
    files = {},
  }: { yaml?: string; files?: Readonly<Record<string, string | Uint8Array>> },
  env = {},
) => {
  using folder = new ConfigFolder({ "gateway.yaml": yaml, ...files });
  return folder.load(env);
};
const keyHash = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"; // of `key`

test("a variable's value may stand in a file, without the end of its line", () => {
  for (const text of ["key", "key\n", "key\r\n"]) {
    const settings = settingsOf(load({ files: { secret: text } }, { API_KEY_FILE: "secret" }));
    expect(settings.auth.keys).toMatchObject([{ name: "API_KEY", sha256: keyHash }]);
  }
});

test("so may a provider's key, which switches it on", () => {
  const { providers } = settingsOf(
    load({ files: { secret: "sk-of-a-file\n" } }, { OPENAI_API_KEY_FILE: "secret" }),
  );
  expect(providers).toMatchObject([{ name: "openai", keys: ["sk-of-a-file"] }]);
});

test("a value of the configuration may be one or have one in it, by a path from its folder", () => {
  const yaml = `history: {url: 'postgres://a:\${file:password}@db/a'}\nauth: {keys: [{name: a, key: '\${file:./key}'}]}\n`;
  const settings = settingsOf(load({ yaml, files: { password: "pa:ss\n", key: "key" } }));
  expect(settings.history.url).toBe("postgres://a:pa:ss@db/a");
  expect(settings.auth.keys).toMatchObject([{ sha256: keyHash }]);
});

test.each([
  {
    name: "a file that is not there",
    files: {},
    problems: [
      "environment API_KEY_FILE: the file cannot be read (ENOENT)",
      "gateway.yaml:1:20: auth.secret_key: the file cannot be read (ENOENT)",
    ],
  },
  {
    name: "an empty one",
    files: { secret: "\n" },
    problems: [
      "environment API_KEY_FILE: the file is empty",
      "gateway.yaml:1:20: auth.secret_key: the file is empty",
    ],
  },
  {
    name: "one that is no secret",
    files: { secret: "x".repeat(65_537) },
    problems: [
      "environment API_KEY_FILE: the file is larger than 65536 bytes",
      "gateway.yaml:1:20: auth.secret_key: the file is larger than 65536 bytes",
    ],
  },
])("$name is refused", ({ files, problems }) => {
  const yaml = `auth: {secret_key: '\${file:secret}'}\n`;
  expect(problemsOf(load({ yaml, files }, { API_KEY_FILE: "secret" }))).toEqual(problems);
});

test("a variable beside its file is refused", () => {
  const env = { API_KEY: "key", API_KEY_FILE: "secret" };
  expect(problemsOf(load({ files: { secret: "key" } }, env))).toEqual([
    "environment API_KEY_FILE: cannot be combined with API_KEY (hint: keep one of them)",
  ]);
});

test("what is no variable of the gateway is not read", () => {
  expect(problemsOf(load({}, { SSL_CERT_FILE: "nowhere", API_KEY_FILE: "" }))).toEqual([]);
});
