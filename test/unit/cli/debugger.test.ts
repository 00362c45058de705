import { expect, test } from "vitest";
import { debuggerOf } from "../../../src/cli/debugger.ts";

test.each([
  { argv: ["--conditions=source"], options: undefined, url: undefined, found: undefined },
  { argv: ["--inspect"], options: undefined, url: undefined, found: "--inspect" },
  {
    argv: ["-C", "source", "--inspect-brk=0.0.0.0:9229"],
    options: "",
    url: undefined,
    found: "--inspect-brk",
  },
  {
    argv: [],
    options: '--max-old-space-size=64 "--inspect-wait"',
    url: undefined,
    found: "--inspect-wait in NODE_OPTIONS",
  },
  { argv: [], options: "--inspect=9229", url: undefined, found: "--inspect in NODE_OPTIONS" },
  // These open no port by themselves.
  {
    argv: ["--inspect-port=0", "--inspector"],
    options: "--inspect-publish-uid=http",
    url: undefined,
    found: undefined,
  },
  {
    argv: [],
    options: undefined,
    url: "ws://127.0.0.1:9229/x",
    found: "an open port of the inspector",
  },
])("$argv and NODE_OPTIONS $options with $url", ({ argv, options, url, found }) => {
  expect(debuggerOf(argv, options, url)).toBe(found);
});
