import fc from "fast-check";
import { expect, test } from "vitest";
import { forwardedElements } from "#exchange/forwarded.ts";

test.each([
  { field: "for=192.0.2.60", elements: [{ for: "192.0.2.60" }] },
  {
    field: "For=192.0.2.43, FOR=198.51.100.17",
    elements: [{ for: "192.0.2.43" }, { for: "198.51.100.17" }],
  },
  {
    field: 'for="[2001:db8:cafe::17]:4711";proto=https;by=203.0.113.43;host="a.example:8443"',
    elements: [
      {
        for: "[2001:db8:cafe::17]:4711",
        proto: "https",
        by: "203.0.113.43",
        host: "a.example:8443",
      },
    ],
  },
  { field: "for=unknown;secret=_x", elements: [{ for: "unknown", secret: "_x" }] },
  // Commas and semicolons between quotes are text.
  {
    field: 'for="a,for=1.1.1.1";host="b;c\\"d", for=_e',
    elements: [{ for: "a,for=1.1.1.1", host: 'b;c"d' }, { for: "_e" }],
  },
  {
    field: " for=a ; proto=http , , for=b ,",
    elements: [{ for: "a", proto: "http" }, { for: "b" }],
  },
  { field: "", elements: [] },
])("$field is read", ({ field, elements }) => {
  expect(forwardedElements(field)).toEqual(elements);
});

test.each([
  "for",
  "for=",
  "for=a b",
  "for=a;",
  "for=a;;proto=b",
  "for=a;for=b",
  'for="a',
  'for="a"b',
  "for=192.0.2.1:80",
  "for=[::1]",
  "=a",
  "for = a",
])("%s is not guessed at", (field) => {
  expect(forwardedElements(field)).toBeUndefined();
});

test("a long field takes a time that grows with its length alone", () => {
  fc.assert(
    fc.property(fc.constantFrom('"', "\\", ";", ",", " ", "for=", 'for="'), (piece) => {
      forwardedElements(`for="${piece.repeat(16_384)}`);
    }),
  );
});
