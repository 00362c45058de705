/** Which coding an Accept-Encoding field asks for. */

import { expect, test } from "vitest";
import { codingChooser, contentCodings } from "#http/content-coding.ts";

const choice = codingChooser(contentCodings);

test.each([
  // What clients send.
  { field: undefined, coding: undefined },
  { field: "", coding: undefined },
  { field: "gzip", coding: "gzip" },
  { field: "gzip, deflate, br, zstd", coding: "zstd" },
  { field: "gzip, deflate, br", coding: "br" },
  { field: "identity, deflate, gzip", coding: "gzip" },
  { field: "deflate", coding: undefined },
  { field: "identity", coding: undefined },
  // Weights.
  { field: "gzip;q=1.0, br;q=0.5", coding: "gzip" },
  { field: "zstd;q=0.2, br;q=0.3, gzip;q=0.1", coding: "br" },
  { field: "br;q=0, gzip;q=0.001", coding: "gzip" },
  { field: "gzip;q=0", coding: undefined },
  { field: "identity, gzip;q=0.5", coding: undefined },
  { field: "identity;q=0.5, gzip;q=0.5", coding: "gzip" },
  { field: "identity;q=0.5, *;q=0.1", coding: undefined },
  // Anything.
  { field: "*", coding: "zstd" },
  { field: "*;q=0.5, zstd;q=0", coding: "br" },
  { field: "gzip, *;q=0", coding: "gzip", takesIdentity: false },
  // No identity.
  { field: "identity;q=0", coding: undefined, takesIdentity: false },
  { field: "identity;q=0, gzip;q=0.1", coding: "gzip", takesIdentity: false },
  { field: "*;q=0", coding: undefined, takesIdentity: false },
  { field: "*;q=0, identity;q=0.1", coding: undefined },
  { field: "compress, identity;q=0.000", coding: undefined, takesIdentity: false },
  // Spelling.
  { field: " GZIP ; Q=0.5 ", coding: "gzip" },
  { field: "x-gzip", coding: "gzip" },
  { field: "gzip;level=9", coding: "gzip" },
  { field: "gzip;q = 0", coding: undefined },
  { field: "gzip;q=2", coding: undefined },
  { field: "gzip;q=-1", coding: undefined },
  { field: "gzip;q=", coding: undefined },
  { field: ",, ;q=0,", coding: undefined },
  { field: "gzip, gzip;q=0", coding: "gzip" },
])("$field gets $coding", ({ field, coding, takesIdentity = true }) => {
  expect(choice(field)).toEqual({ coding, takesIdentity });
  expect(choice(field), "the same the second time").toEqual({ coding, takesIdentity });
});

test("the server's order decides among equals", () => {
  expect(codingChooser(["gzip", "br"])("br, gzip, zstd").coding).toBe("gzip");
});

test("a server without codings serves identity, and knows who refuses that", () => {
  expect(codingChooser([])("gzip")).toEqual({ coding: undefined, takesIdentity: true });
  expect(codingChooser([])("gzip, identity;q=0").takesIdentity).toBe(false);
});
