/** Secrets in files: `NAME_FILE` beside a variable, `${file:…}` in the configuration. */

import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { loadSettings } from "#config/load.ts";
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
      "environment API_KEY_FILE: the file that it names cannot be read (ENOENT)",
      "gateway.yaml:1:20: auth.secret_key: the file secret cannot be read (ENOENT)",
    ],
  },
  {
    name: "an empty one",
    files: { secret: "\n" },
    problems: [
      "environment API_KEY_FILE: the file that it names is empty",
      "gateway.yaml:1:20: auth.secret_key: the file secret is empty",
    ],
  },
  {
    name: "one that is no secret",
    files: { secret: "x".repeat(65_537) },
    problems: [
      "environment API_KEY_FILE: the file that it names is larger than 65536 bytes",
      "gateway.yaml:1:20: auth.secret_key: the file secret is larger than 65536 bytes",
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

test("a path of a variable is named, and what could be a secret in its place is not", () => {
  const env = { API_KEY_FILE: "/nowhere/key", SECRET_KEY_FILE: "c2VjcmV0/in+base64==" };
  const problems = problemsOf(load({}, env));
  expect(problems).toEqual([
    "environment API_KEY_FILE: the file /nowhere/key cannot be read (ENOENT)",
    "environment SECRET_KEY_FILE: the file that it names cannot be read (ENOENT)",
  ]);
});

test("one end of line is removed, and nothing else of what is blank", () => {
  for (const text of ["key\n\n", " key"]) {
    expect(problemsOf(load({ files: { secret: text } }, { API_KEY_FILE: "secret" }))).toEqual([
      "environment API_KEY_FILE: auth.keys[0].key: expected a key of visible ASCII characters",
    ]);
  }
});

test("`credential:` names what systemd has put in the folder of credentials", () => {
  const yaml = `auth: {keys: [{name: a, key: '\${credential:api-key}'}]}\n`;
  using folder = new ConfigFolder({ "gateway.yaml": yaml, "api-key": "key\n" });
  const { auth } = settingsOf(folder.load({ CREDENTIALS_DIRECTORY: folder.path }));
  expect(auth.keys).toMatchObject([{ sha256: keyHash }]);
  expect(problemsOf(folder.load())).toEqual([
    "gateway.yaml:1:30: auth.keys[0].key: CREDENTIALS_DIRECTORY is not set, as systemd does for LoadCredential=",
  ]);
  expect(problemsOf(folder.load({ CREDENTIALS_DIRECTORY: "/nowhere" }))).toEqual([
    "gateway.yaml:1:30: auth.keys[0].key: the file $CREDENTIALS_DIRECTORY/api-key cannot be read (ENOENT)",
  ]);
});

test.each(["../key", "/etc/key", "..", ""])("`%s` is no name of a credential", (name) => {
  const yaml = `auth: {secret_key: '\${credential:${name}}'}\n`;
  expect(problemsOf(load({ yaml }, { CREDENTIALS_DIRECTORY: "/" }))).toEqual([
    "gateway.yaml:1:20: auth.secret_key: `credential:` takes the name of a credential, not a path",
  ]);
});

test("where a value came from a file, its place is the variable that named it", () => {
  using folder = new ConfigFolder({ "gateway.yaml": "", level: "loud\n" });
  expect(problemsOf(folder.load({ LOG_LEVEL_FILE: "level" }))).toEqual([
    "environment LOG_LEVEL_FILE: logging.level: expected debug, info, warn or error",
  ]);
});

test("what is read again is a regular file: a pipe is refused, and nobody waits for its writer", () => {
  using folder = new ConfigFolder({ "gateway.yaml": `auth: {secret_key: '\${file:pipe}'}\n` });
  execFileSync("mkfifo", [`${folder.path}/pipe`]);
  const outside = { argv: ["--config", "gateway.yaml"], env: {}, cwd: folder.path };
  expect(problemsOf(loadSettings(outside, { again: true }))).toEqual([
    "gateway.yaml:1:20: auth.secret_key: the file pipe cannot be read (no regular file)",
  ]);
});
