/** `auth.users` and `auth.certificates`: callers who prove themselves by a password, or by the certificate of their connection. */

import { z } from "zod";
import type { CertificateRule } from "#identity/client-certificates.ts";
import { parsePasswordHash } from "#identity/password-hash.ts";
import type { UserHash } from "#identity/user-store.ts";
import { text, textThat } from "#yaml/scalar.ts";
import type { Report } from "./report.ts";
import { callerScopes } from "./scopes.ts";

const callerName = () => text("a name of up to 64 characters", /^\S.{0,63}$/);

/** Users with passwords. */
export const users = () =>
  z.array(
    z.strictObject({
      name: text("a name of up to 64 characters without a colon", /^[^\s:][^:]{0,63}$/).describe(
        "The user's name, unique; logs and limits know it as `user:name`.",
      ),
      password_scrypt: textThat(
        "a hash that `polygate keys hash --password` prints",
        (written) => parsePasswordHash(written) !== undefined,
      ).describe("Hash of the password: `polygate keys hash --password` prints it."),
      scopes: callerScopes(),
    }),
  );

/** Whose client certificates are taken. */
export const certificates = () =>
  z.array(
    z.strictObject({
      name: callerName().describe("Who holds it; logs and limits know it as `cert:name`."),
      common_name: text().optional().describe("Common name of its subject."),
      dns: text().optional().describe("A DNS name among its alternative names."),
      uri: text()
        .optional()
        .describe("A URI among its alternative names, such as spiffe://example.org/batch."),
      email: text().optional().describe("A mail address among its alternative names."),
      scopes: callerScopes(),
    }),
  );

/** Reports names that come twice, and a scheme that no one could use. */
export function usersFrom(
  {
    type,
    users: written,
  }: { readonly type: string; readonly users: z.output<ReturnType<typeof users>> },
  report: Report,
): readonly UserHash[] {
  if (type === "basic" && written.length === 0) {
    report(["auth", "type"], "is basic, but there is no user", "add one to auth.users");
  }
  const seen = new Set<string>();
  return written.map(({ name, password_scrypt: passwordScrypt, scopes }, index) => {
    if (seen.has(name)) report(["auth", "users", index, "name"], "is the name of another user");
    seen.add(name);
    return { name, passwordScrypt, scopes };
  });
}

/** Reports an entry that any certificate would fit. */
export function certificatesFrom(
  written: z.output<ReturnType<typeof certificates>>,
  report: Report,
): readonly CertificateRule[] {
  return written.map(({ name, common_name: commonName, dns, uri, email, scopes }, index) => {
    const names = Object.entries({ commonName, dns, uri, email }).filter(([, one]) => one);
    if (names.length === 0) {
      report(["auth", "certificates", index], "names no common_name, dns, uri or email");
    }
    return { name, ...Object.fromEntries(names), scopes };
  });
}
