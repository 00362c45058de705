/** Signatures are base64 whoever's state they carry, and what a client sends back is what it was given. */

import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readSignature, writeSignature } from "#dialects/gemini/signature.ts";
import { OpaqueStateSchema } from "#gen/polygate/v1/conversation_pb.js";

const state = (vendor: string, data: string) => create(OpaqueStateSchema, { vendor, data });
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** The other alphabet of base64, which Python's SDK writes. */
const forUrls = (text: string) => text.replaceAll("+", "-").replaceAll("/", "_");

test("another vendor's state is base64, and comes back whole, in either alphabet", () => {
  const vendors = fc.constantFrom("openai", "anthropic", "xai");
  fc.assert(
    fc.property(vendors, fc.string({ minLength: 1, unit: "grapheme" }), (vendor, data) => {
      const written = writeSignature(state(vendor, data));
      expect(written).toMatch(base64);
      for (const sent of [written, forUrls(written)]) {
        expect(readSignature(sent)).toMatchObject({ vendor, data });
      }
    }),
  );
});

test("Google's own is as it came, also where it looks like a sealed one", () => {
  for (const data of ["SIGX", "c3RhdGUtMQ==", "cGcxLg==", "cGcxLmFub3RoZXI=", "cGcxL"]) {
    expect(writeSignature(state("google", data))).toBe(data);
    expect(readSignature(data)).toMatchObject({ vendor: "google", data });
  }
});

test("what earlier versions gave to clients is still read", () => {
  expect(readSignature("pg1.openai.c3RhdGUtMQ==")).toMatchObject({
    vendor: "openai",
    data: "c3RhdGUtMQ==",
  });
});
