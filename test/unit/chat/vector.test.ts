import fc from "fast-check";
import { expect, test } from "vitest";
import { base64FromVector, vectorFromBase64 } from "#chat/vector.ts";

const float = fc.float({ noNaN: true, noDefaultInfinity: true });

test("a vector of 32-bit floats comes back from its base64, which any reader of them takes", () => {
  fc.assert(
    fc.property(fc.array(float, { maxLength: 100 }), (values) => {
      const text = base64FromVector(values);
      expect(vectorFromBase64(text)).toEqual(values);
      expect([...new Float32Array(new Uint8Array(Buffer.from(text, "base64")).buffer)]).toEqual(
        values,
      );
    }),
  );
});

test.each(["?", "AACAPw==AACA", "AACAP", "AAA=", "AACAPwA="])("%s is no vector", (text) => {
  expect(vectorFromBase64(text)).toBeUndefined();
});
