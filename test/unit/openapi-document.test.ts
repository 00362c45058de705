/** The document of the public API: whoever asks for it first keeps nobody else waiting. */

import { expect, test } from "vitest";
import { generalAccess } from "#identity/access.ts";
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
