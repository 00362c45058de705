/** What `auth.routes` and `listeners[].auth` take. */

import { z } from "zod";
import { credentialKinds } from "#identity/access.ts";
import { flag, text } from "#yaml/scalar.ts";
import { scopes } from "./scopes.ts";

const accepts = () => z.array(z.enum(credentialKinds)).min(1).optional();

/** What some routes ask for. */
export const accessRoutes = () =>
  z
    .array(
      z.strictObject({
        match: text("a path that begins with `/`", /^\/\S{0,255}$/).describe(
          "Procedure such as `/polygate.v1.KeysService/CreateKey`, or path as templates write it, such as `/api/v1/models/{model}:predict`; with `*` at its end, how it begins. A procedure's holds for its paths, too. The first entry that fits holds.",
        ),
        accepts: accepts().describe(
          "Kinds of credentials that are taken, of those that the listener takes; all of these when absent.",
        ),
        requires_certificate: flag()
          .prefault(false)
          .describe("Asks for a client certificate of `auth.certificates` besides."),
        public: flag()
          .prefault(false)
          .describe(
            "Whoever sends no credential may call what any caller may; what needs a scope stays closed.",
          ),
      }),
    )
    .max(1_000);

/** How a listener differs from the section `auth`. */
export const listenerAuth = z.strictObject({
  enabled: flag()
    .optional()
    .describe("Turn away callers without a credential; `auth.enabled` when absent."),
  accepts: accepts().describe("Kinds of credentials that are taken here; all when absent."),
  requires_certificate: flag()
    .prefault(false)
    .describe("Asks for a client certificate of `auth.certificates` besides."),
  anonymous_scopes: z
    .array(z.enum(scopes))
    .optional()
    .describe(
      "Rights of every caller while auth is off here; `auth.anonymous_scopes` when absent.",
    ),
  routes: accessRoutes().optional().describe("In place of `auth.routes` on this listener."),
});

/** They as the file has them. */
export type FileAccess = z.output<typeof listenerAuth>;
export type FileRouteAccess = z.output<ReturnType<typeof accessRoutes>>[number];
