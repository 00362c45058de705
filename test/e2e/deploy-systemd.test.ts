/** The units of deploy/systemd, by systemd's own judgement, and that they fit the gateway's configuration. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isVariable, judged, settingsFor, strongSecret } from "../support/deploy.ts";
import { describeWith, missingProgram } from "../support/needs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const read = (name: string) => readFileSync(`deploy/systemd/${name}`, "utf8");
const units = {
  "polygate.service": read("polygate.service"),
  "polygate.socket": read("polygate.socket"),
};

/** All values of a key, in order. */
const said = (unit: string, key: string) =>
  [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value = ""]) => value);

const settings = settingsFor(
  read("gateway.yaml"),
  { API_KEY: strongSecret },
  { "/var/lib/polygate/history.db": "", "/var/lib/polygate/keys.db": "" },
);

/** What systemd says to units; `node` is that of these tests. */
async function verified(changed: Partial<typeof units> = {}) {
  await using folder = await temporaryFolder();
  const paths = await Promise.all(
    Object.entries({ ...units, ...changed }).map(([name, text]) =>
      folder.write(name, text.replaceAll("=node ", `=${process.execPath} `)),
    ),
  );
  return judged(["systemd-analyze", "verify", "--man=no", ...paths]);
}

describeWith(missingProgram("systemd-analyze"))("systemd", () => {
  test("has nothing to say about the units", async () => {
    expect(await verified()).toEqual({ code: 0, out: "", err: "" });
  });

  test.each([
    ["an unknown key", "NoNewPrivileges=yes", "NoNewPrivilege=yes", "Unknown key"],
    ["a value that is none", "Restart=on-failure", "Restart=perhaps", "perhaps"],
    [
      "a program that is not there",
      "ExecReload=/bin/kill",
      "ExecReload=/bin/klil",
      "not executable",
    ],
  ])("would name %s", async (_, there, instead, named) => {
    const changed = units["polygate.service"].replace(there, instead);
    expect(changed).not.toBe(units["polygate.service"]);
    expect((await verified({ "polygate.service": changed })).err).toContain(named);
  });

  test("counts the service as hardly exposed: 2.0 of 10 at most", () => {
    const { out } = judged([
      ...["systemd-analyze", "security", "--offline=true", "--no-pager"],
      "deploy/systemd/polygate.service",
    ]);
    const [, level] = /exposure level for polygate\.service: ([\d.]+)/.exec(out) ?? [];
    expect(Number(level)).toBeGreaterThan(0);
    expect(Number(level)).toBeLessThanOrEqual(2);
  });
});

describe("the units", () => {
  test("name variables that the gateway reads; a secret is a credential, in no variable", () => {
    const variables = said(units["polygate.service"], "Environment").flatMap((line) =>
      line.split(" "),
    );
    const names = variables.map((one) => one.replace(/=.*/, ""));
    const others = ["NODE_ENV", "NODE_COMPILE_CACHE", "ORT_DISABLE_TELEMETRY"];
    expect(names.filter((name) => !others.includes(name) && !isVariable(name))).toEqual([]);
    const [credential = ""] = said(units["polygate.service"], "LoadCredential");
    expect(variables).toContain(`API_KEY_FILE=%d/${credential.split(":")[0]}`);
  });

  test("give the socket's name and port to a listener of the configuration", () => {
    const { "polygate.socket": socket } = units;
    const [name = ""] = said(socket, "FileDescriptorName");
    const listener = settings.listeners.find((one) => one.name === name);
    expect(said(socket, "ListenStream")).toEqual([String(listener?.port)]);
    expect(said(socket, "Service")).toEqual(["polygate.service"]);
  });

  test("let calls come to their end before anything is killed", () => {
    const [seconds] = said(units["polygate.service"], "TimeoutStopSec");
    expect(Number(seconds)).toBeGreaterThanOrEqual(settings.drainTimeoutMs / 1000 + 5);
  });

  test("start what the package has, for production", () => {
    expect(settings.environment).toBe("production");
    const [command = ""] = said(units["polygate.service"], "ExecStart");
    expect(command).toBe("node /opt/polygate/bin/polygate.cjs serve");
    expect(readFileSync("bin/polygate.cjs", "utf8")).toContain("#cli/main.ts");
  });
});
