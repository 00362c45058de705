/** The document of the public API: whoever asks for it first keeps nobody else waiting. */

import type { JsonObject } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { type Access, generalAccess } from "#identity/access.ts";
import { openApiDocument, openApiDocumentInTurns } from "#openapi-document.ts";

test("the document made in turns is the same, and others come between any two of its operations", async () => {
  const access = generalAccess({ enabled: true, anonymousScopes: [] });
  const facts = { access, takesUploads: true, rest: {} };
  let turns = 0;
  const next = async () => {
    turns += 1;
  };
  const document = await openApiDocumentInTurns(facts, { next, later: next });
  expect(document).toEqual(openApiDocument(facts));
  const operations = Object.values(document.paths as object).flatMap(Object.keys);
  expect(operations.length).toBeGreaterThan(30);
  expect(turns).toBeGreaterThanOrEqual(operations.length);
});

/** What a document says that a call needs; undefined where it is what all need. */
const securityOf = (document: JsonObject, path: string, method: string) => {
  const operations = (document.paths as JsonObject)[path] as JsonObject;
  return (operations[method] as JsonObject).security;
};

test("says what its listener asks for: kinds, a certificate besides, and what differs by route", () => {
  const listener: Access = {
    ...{ enabled: true, anonymousScopes: [], isPublic: false },
    ...{ accepts: ["token", "password"], requiresCertificate: true },
  };
  const open = { ...listener, requiresCertificate: false, isPublic: true };
  const access = {
    ...listener,
    routes: [
      { ...open, match: "/api/v1/models" },
      { ...open, match: "/polygate.v1.RequestsService/*" },
      { ...listener, accepts: ["password"] as const, match: "/api/v1/chat" },
    ],
  };
  const document = openApiDocument({ access, takesUploads: false, rest: {} });
  const certificate: string[] = [];
  expect(Object.keys((document.components as JsonObject).securitySchemes as object)).toEqual([
    "bearer",
    "apiKey",
    "basic",
    "certificate",
  ]);
  expect(document.security).toEqual([
    { bearer: [], certificate },
    { apiKey: [], certificate },
    { basic: [], certificate },
  ]);
  expect(securityOf(document, "/api/v1/models", "get")).toEqual([
    {},
    { bearer: [] },
    { apiKey: [] },
    { basic: [] },
  ]);
  // What needs a scope is not open, whatever the route says.
  expect(securityOf(document, "/api/v1/requests", "get")).toEqual([
    { bearer: [] },
    { apiKey: [] },
    { basic: [] },
  ]);
  expect(securityOf(document, "/api/v1/chat", "post")).toEqual([{ basic: [], certificate }]);
  expect(securityOf(document, "/v1/chat", "post")).toBe(undefined);
  expect(securityOf(document, "/api/v1/health", "get")).toEqual([]);
});
