import { describe, expect, test } from "vitest";
import { mayUpgrade } from "#exchange/cors.ts";

describe("mayUpgrade", () => {
  const app = "https://app.example";
  const rows = [
    { name: "a client that is no browser may", may: true },
    { name: "a page of this host may", origin: "https://gate.example:8080", may: true },
    {
      name: "a page of this host's other port may not",
      origin: "https://gate.example",
      may: false,
    },
    { name: "a page from elsewhere may not", origin: app, may: false },
    { name: "one that is named may", origin: app, origins: [app], may: true },
    { name: "with a star anyone may", origin: app, origins: ["*"], may: true },
    { name: "one that is not named may not", origin: app, origins: ["https://a.b"], may: false },
    { name: "a page without an origin may not", origin: "null", may: false },
    {
      name: "a host that only begins alike may not",
      origin: "https://gate.example:80",
      may: false,
    },
  ];

  test.each(rows)("$name", ({ origin, origins, may }) => {
    const upgrade = {
      authority: "gate.example:8080",
      header: (name: string) => (name === "origin" ? origin : undefined),
    };
    const options =
      origins === undefined ? undefined : { origins, methods: [], headers: [], credentials: false };
    expect(mayUpgrade(upgrade, options)).toBe(may);
  });
});
