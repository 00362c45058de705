/** Which listeners the several ways to name ports come to, and what is said of those in each other's way. */

import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { listenersFrom } from "#config/listeners.ts";
import type { Report } from "#config/report.ts";
import { fileSchema } from "#config/schema.ts";
import type { TlsFiles, TlsProblem } from "#config/tls-files.ts";
import { surfaceNames } from "#surface-table.ts";
import { pathText } from "#yaml/problem.ts";

/** Surfaces of programs, in order. */
const forPrograms = surfaceNames.filter((name) => !["portal", "admin", "metrics"].includes(name));

type Written = z.input<typeof fileSchema>;

/** The listeners of a configuration, and what was reported; a TLS file is in order unless `faults` says otherwise. */
function listenersOf(written: Written, faults: readonly TlsProblem[] = []) {
  const problems: string[] = [];
  const files: TlsFiles[] = [];
  const tlsProblems = (asked: TlsFiles) => {
    files.push(asked);
    return faults;
  };
  const report: Report = (path, message, hint) => {
    problems.push(`${pathText(path)}: ${message}${hint === undefined ? "" : ` (${hint})`}`);
  };
  const listeners = listenersFrom(
    fileSchema.parse(written),
    { folder: "/etc/polygate", tlsProblems },
    { strict: false, report, warn: report },
  );
  return { listeners, problems, files };
}

/** Names and ports. */
const portsOf = (written: Written) =>
  listenersOf(written).listeners.map(({ name, port }) => [name, port]);

describe("the ports under `gateway`", () => {
  test.each<{ name: string; gateway: Written["gateway"]; ports: unknown }>([
    { name: "none: 8080", gateway: {}, ports: [["gateway", 8080]] },
    { name: "one", gateway: { port: 1 }, ports: [["gateway", 1]] },
    {
      name: "several, numbered from 1",
      gateway: { ports: [3, 2] },
      ports: [
        ["gateway-1", 3],
        ["gateway-2", 2],
      ],
    },
    {
      name: "a portal's alone: the API's is 8081",
      gateway: { portal_port: 1 },
      ports: [
        ["portal", 1],
        ["api", 8081],
      ],
    },
    {
      name: "an API's alone: the portal's is 8080",
      gateway: { api_port: 1 },
      ports: [
        ["portal", 8080],
        ["api", 1],
      ],
    },
  ])("$name", ({ gateway, ports }) => {
    const { listeners, problems } = listenersOf({ gateway });
    expect(listeners.map(({ name, port }) => [name, port])).toEqual(ports);
    expect(problems).toEqual([]);
    const served: Readonly<Record<string, readonly string[]>> = {
      portal: ["rpc", "rest", "portal", "admin", "metrics"],
      api: [...forPrograms, "admin", "metrics"],
    };
    for (const { name: listener, serves, host } of listeners) {
      const wanted = served[listener] ?? [...forPrograms, "portal", "admin", "metrics"];
      expect([serves, host]).toEqual([wanted, "0.0.0.0"]);
    }
  });

  test("of the two halves of a pair neither stands in the other's way", () => {
    expect(listenersOf({ gateway: { portal_port: 1, api_port: 2 } }).problems).toEqual([]);
  });

  test.each<[Written["gateway"], string]>([
    [{ port: 1, ports: [2] }, "gateway.ports: cannot be combined with port"],
    [{ port: 1, portal_port: 2 }, "gateway.portal_port: cannot be combined with port"],
    [{ ports: [1], api_port: 2 }, "gateway.api_port: cannot be combined with ports"],
    [{ ports: [1], portal_port: 2 }, "gateway.portal_port: cannot be combined with ports"],
  ])("%j: they may be named in one way only", (gateway, problem) => {
    const hint = "keep port, ports or portal_port and api_port";
    expect(listenersOf({ gateway }).problems).toEqual([`${problem} (${hint})`]);
  });
});

describe("two listeners on one address", () => {
  test.each<[Written, string]>([
    [{ gateway: { ports: [1, 1] } }, "gateway.ports: has the host and port of listener gateway-1"],
    [
      { gateway: { portal_port: 8081 } },
      "gateway.portal_port: has the host and port of listener portal",
    ],
    [{ gateway: { api_port: 8080 } }, "gateway.api_port: has the host and port of listener portal"],
    [
      { listeners: [{ name: "a", port: 1, serves: ["rpc"] }], metrics: { port: 1 } },
      "metrics.port: has the host and port of listener a",
    ],
    [
      { listeners: [{ name: "metrics", port: 1 }], metrics: { port: 2 } },
      "metrics.port: is a second listener named metrics",
    ],
    [
      {
        listeners: [
          { name: "a", port: 1 },
          { name: "b", port: 1 },
        ],
      },
      "listeners[1]: has the host and port of listener a",
    ],
  ])("%j: the setting to blame is told", (written, problem) => {
    expect(listenersOf(written).problems).toEqual([problem]);
  });

  test.each<[string, Written]>([
    ["any free ports", { gateway: { ports: [0, 0] }, metrics: { port: 0 } }],
    [
      "one port of two hosts",
      {
        listeners: [
          { name: "a", port: 1, host: "127.0.0.1" },
          { name: "b", port: 1, host: "::1" },
        ],
      },
    ],
  ])("%s are none", (_, written) => {
    expect(listenersOf(written).problems).toEqual([]);
  });
});

describe("the port of metrics", () => {
  test("is one more listener, which serves them alone", () => {
    const { listeners } = listenersOf({ gateway: { host: "::1" }, metrics: { port: 9090 } });
    expect(listeners).toMatchObject([
      { name: "gateway", serves: expect.arrayContaining(["metrics"]) },
      { name: "metrics", host: "::1", port: 9090, serves: ["metrics"] },
    ]);
  });

  test("is no other where that address serves them already", () => {
    expect(portsOf({ gateway: { port: 9090 }, metrics: { port: 9090 } })).toEqual([
      ["gateway", 9090],
    ]);
  });

  test("is no other where one of several listeners serves them at that address", () => {
    const listeners = [
      { name: "a", port: 1 },
      { name: "b", port: 9090 },
    ];
    expect(portsOf({ listeners, metrics: { port: 9090 } })).toEqual([
      ["a", 1],
      ["b", 9090],
    ]);
  });

  test("is another where the same port of another host serves them", () => {
    const listeners = [{ name: "a", port: 9090, host: "::1" }];
    expect(portsOf({ listeners, metrics: { port: 9090 } })).toEqual([
      ["a", 9090],
      ["metrics", 9090],
    ]);
  });

  test("is another where both are any free port", () => {
    expect(portsOf({ gateway: { port: 0 }, metrics: { port: 0 } })).toEqual([
      ["gateway", 0],
      ["metrics", 0],
    ]);
  });

  test("is none while metrics are off, and nobody serves them", () => {
    const { listeners, problems } = listenersOf({ metrics: { enabled: false, port: 9090 } });
    expect(listeners.map(({ name, serves }) => [name, serves])).toEqual([
      ["gateway", surfaceNames.filter((name) => name !== "metrics")],
    ]);
    expect(problems).toEqual([]);
  });
});

describe("listeners by name", () => {
  test("have the gateway's host and engines where they name none", () => {
    const { listeners } = listenersOf({
      gateway: { host: "127.0.0.1", http2_engine: "node" },
      listeners: [
        { name: "a", port: 1 },
        { name: "b", port: 2, host: "::1", http1_engine: "node", http2_engine: "polygate" },
      ],
    });
    expect(listeners).toMatchObject([
      { host: "127.0.0.1", http1Engine: "polygate", http2Engine: "node" },
      { host: "::1", http1Engine: "node", http2Engine: "polygate" },
    ]);
    for (const listener of listeners) {
      expect(listener).not.toHaveProperty("tls");
      expect(listener).not.toHaveProperty("json");
    }
  });

  test.each(["port", "portal_port", "api_port"] as const)("leave `gateway.%s` no effect", (key) => {
    const listeners = [{ name: "a", port: 1 }];
    expect(listenersOf({ gateway: { [key]: 2 }, listeners }).problems).toEqual([
      `gateway.${key}: has no effect together with \`listeners\` (name ports in one place only)`,
    ]);
  });

  test("leave `gateway.ports` no effect", () => {
    const listeners = [{ name: "a", port: 1 }];
    expect(listenersOf({ gateway: { ports: [2] }, listeners }).problems).toEqual([
      "gateway.ports: has no effect together with `listeners` (name ports in one place only)",
    ]);
  });

  test("read and write JSON in their own way, if they serve it at all", () => {
    const rest = { json: { field_names: "proto", unknown_fields: "ignore" } } as const;
    const { listeners, problems } = listenersOf({
      listeners: [
        { name: "a", port: 1, rest },
        { name: "b", port: 2, rest, serves: ["rpc"] },
      ],
    });
    expect(listeners[0]).toMatchObject({ json: { names: "proto", ignoreUnknownFields: true } });
    expect(problems).toEqual([
      "listeners[1].rest: has no effect: `serves` leaves rest and admin out",
    ]);
  });
});

describe("TLS of a listener", () => {
  const tls = { cert_file: "c.pem", key_file: "/keys/k.pem" };
  const listening = (more: object) => ({ listeners: [{ name: "a", port: 1, tls: more as never }] });

  test("counts paths from the configuration's folder", () => {
    const { listeners, problems, files } = listenersOf(
      listening({ ...tls, ca_file: "ca.pem", client_auth: "require" }),
    );
    const paths = {
      certFile: "/etc/polygate/c.pem",
      keyFile: "/keys/k.pem",
      caFile: "/etc/polygate/ca.pem",
    };
    expect(listeners[0]?.tls).toEqual({ ...paths, clientAuth: "require" });
    expect(files).toEqual([paths]);
    expect(problems).toEqual([]);
  });

  test("needs no authorities where it asks for no certificate", () => {
    const { listeners, problems } = listenersOf(listening(tls));
    expect(listeners[0]?.tls).toEqual({
      certFile: "/etc/polygate/c.pem",
      keyFile: "/keys/k.pem",
      clientAuth: "none",
    });
    expect(problems).toEqual([]);
  });

  test.each(["request", "require"])("needs authorities where clients are to %s one", (kind) => {
    expect(listenersOf(listening({ ...tls, client_auth: kind })).problems).toEqual([
      "listeners[0].tls.ca_file: is required to check client certificates",
    ]);
  });

  test("is told of what is wrong with its files", () => {
    const faults = [{ key: "key_file", message: "cannot be read" }] as const;
    expect(listenersOf(listening(tls), faults).problems).toEqual([
      "listeners[0].tls.key_file: cannot be read",
    ]);
  });
});
