import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { certificateNames } from "#core/certificate-names.ts";
import { clientTls } from "../../support/tls.ts";

/** A certificate, as far as its names are read. */
const holding = (subjectAltName: string | undefined, subject: object = {}) =>
  ({ subjectAltName, toLegacyObject: () => ({ subject }) }) as unknown as X509Certificate;

describe("the names of a certificate", () => {
  test("are those of a real one", () => {
    expect(certificateNames(new X509Certificate(clientTls.cert))).toEqual({
      ...{ commonName: "test-client", dns: ["localhost"], uris: [], emails: [] },
    });
  });

  test("are told apart by their kind", () => {
    const text = "DNS:a.test, URI:spiffe://x/y, email:a@x.test, DNS:b.test, IP Address:192.0.2.1";
    expect(certificateNames(holding(text))).toEqual({
      ...{ dns: ["a.test", "b.test"], uris: ["spiffe://x/y"], emails: ["a@x.test"] },
    });
  });

  test("are none where one of them is written so that it could hold another", () => {
    const text = 'URI:"http://x/, DNS:admin, y", DNS:b.test';
    expect(certificateNames(holding(text))).toMatchObject({ dns: [], uris: [] });
  });

  test.each([{ CN: ["a", "b"] }, {}])("%j has no common name", (subject) => {
    expect(certificateNames(holding(undefined, subject))).not.toHaveProperty("commonName");
  });

  test("have a bound", () => {
    const text = Array.from({ length: 1000 }, (_, at) => `DNS:${at}`).join(", ");
    expect(certificateNames(holding(text)).dns).toHaveLength(100);
  });
});
