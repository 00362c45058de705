import { expect, test } from "vitest";
import { requestTargetOf } from "#http1/request-target.ts";

const rows = [
  {
    name: "a path stays as it was sent",
    sent: "/a%2Fb//c?d=http://e",
    target: "/a%2Fb//c?d=http://e",
  },
  {
    name: "of the absolute form, path and query count, and its authority",
    sent: "http://example.com:81/livez?a=b",
    target: "/livez?a=b",
    authority: "example.com:81",
  },
  { name: "a scheme in capitals", sent: "HTTPS://a/b", target: "/b", authority: "a" },
  { name: "no path is the root", sent: "http://a", target: "/", authority: "a" },
  { name: "a query without a path", sent: "http://a?b", target: "/?b", authority: "a" },
  { name: "the asterisk", sent: "*", target: "*" },
  { name: "another scheme names nothing here", sent: "ftp://a/b", target: "ftp://a/b" },
];
test.each(rows)("$name", ({ name: _, sent, ...expected }) => {
  expect(requestTargetOf(sent)).toEqual(expected);
});
