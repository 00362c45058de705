/** Pages that are made when they are first asked for. */

import { expect, test } from "vitest";
import { generalAccess } from "#identity/access.ts";
import { docsPages } from "../../src/docs-pages.ts";

test("a document that many ask for at once is made once, and is the same for those who come later", async () => {
  const access = generalAccess({ enabled: false, anonymousScopes: [] });
  const pages = docsPages({ access, takesUploads: true, rest: {} });
  const page = pages["/openapi.json"];
  if (page === undefined) throw new Error("there is no document");
  const request = { header: () => undefined } as unknown as Parameters<typeof page>[0];
  const answers = await Promise.all([page(request), page(request), page(request)]);
  const later = await page(request);
  for (const answer of answers) expect(answer.body).toBe(later.body);
});
