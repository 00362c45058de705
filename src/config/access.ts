/** `auth.routes` and `listeners[].auth`: which credentials are taken where. */

import {
  type Access,
  type CredentialKind,
  credentialKinds,
  isMeant,
  type ListenerAccess,
  type RouteAccess,
} from "#identity/access.ts";
import { callNames } from "#surface-table.ts";
import { nearest } from "#yaml/nearest.ts";
import type { Path } from "#yaml/problem.ts";
import type { FileAccess, FileRouteAccess } from "./access-schema.ts";
import type { Report } from "./report.ts";
import type { FileConfig } from "./schema.ts";
import type { AuthSettings, ListenerSettings } from "./settings.ts";

/** What is configured besides. */
interface AccessContext {
  readonly auth: Omit<AuthSettings, "access">;
  /** Keys are kept somewhere. */
  readonly keepsKeys: boolean;
  readonly listeners: readonly ListenerSettings[];
  readonly strict: boolean;
  /** Templates of the paths of REST; absent where they are not known. */
  readonly restTemplates: (() => readonly string[]) | undefined;
  readonly report: Report;
}

/** Kinds of which somebody is known. */
function knownKinds({ auth, keepsKeys }: AccessContext): readonly CredentialKind[] {
  const { keys, tokens, users, certificates } = auth;
  const known: Record<CredentialKind, boolean> = {
    key: keys.length > 0 || keepsKeys,
    token: tokens !== undefined,
    password: users !== undefined,
    certificate: certificates !== undefined,
  };
  return credentialKinds.filter((kind) => known[kind]);
}

/** Where a kind of credential is configured. */
const sections: Readonly<Record<CredentialKind, string>> = {
  key: "auth.keys",
  token: "auth.jwt",
  password: "auth.users",
  certificate: "auth.certificates",
};

/** Reports kinds of which nobody is known. */
function checkKinds(
  {
    accepts: wanted = [],
    requires_certificate: needs,
  }: Pick<FileRouteAccess, "accepts" | "requires_certificate">,
  path: Path,
  {
    context,
    known,
  }: { readonly context: AccessContext; readonly known: readonly CredentialKind[] },
): void {
  for (const kind of wanted) {
    if (known.includes(kind)) continue;
    context.report(
      [...path, "accepts"],
      `has ${kind}, of which none is known`,
      `see ${sections[kind]}`,
    );
  }
  if (needs && !known.includes("certificate")) {
    const message = "asks for what nobody has: no certificate is known";
    context.report([...path, "requires_certificate"], message, `see ${sections.certificate}`);
  }
}

/** One route on a listener. Reports one that lets nobody in there. */
function routeOn(
  listener: Access & Pick<ListenerSettings, "name">,
  { match, accepts: wanted, requires_certificate: needs, public: isPublic }: FileRouteAccess,
  report: (message: string, hint?: string) => void,
): RouteAccess {
  const kinds = listener.accepts.filter((kind) => wanted?.includes(kind) ?? true);
  if (kinds.length === 0) {
    report(
      `leaves nobody on the listener ${listener.name}, which takes ${listener.accepts.join()}`,
    );
  }
  const { enabled, anonymousScopes } = listener;
  const requiresCertificate = needs || listener.requiresCertificate;
  return { match, ...{ enabled, anonymousScopes, requiresCertificate, isPublic }, accepts: kinds };
}

/** Reports a route that no call goes by: a misspelt one would protect nothing. */
function checkMatch(
  { match }: FileRouteAccess,
  { report, restTemplates }: AccessContext,
  path: Path,
): void {
  if (restTemplates === undefined) return;
  const names = [...callNames(), ...restTemplates()];
  if (isMeant(match, names)) return;
  const like = nearest(match.replace(/\*$/, ""), names);
  const hint = like === undefined ? "see /openapi.json for paths" : `did you mean ${like}?`;
  report([...path, "match"], "is no procedure and no path that calls go by", hint);
}

/** Reports a route that says nothing, or too much. */
function checkRoute(
  { accepts: wanted, ...route }: FileRouteAccess,
  report: Report,
  path: Path,
): void {
  if (wanted === undefined && !route.requires_certificate && !route.public) {
    report(path, "says nothing", "name accepts, requires_certificate or public");
  }
  if (route.public && /^\/\*?$/.test(route.match)) {
    const hint = "name the routes, or give them a listener with `auth: { enabled: false }`";
    report([...path, "match"], "would open everything", hint);
  }
}

/** Whether a listener's connections may have a certificate that was checked. */
function mayHaveCertificate({ tls }: ListenerSettings): boolean {
  return tls !== undefined && tls.clientAuth !== "none";
}

/** Where in the file a listener's own word is. */
interface At {
  readonly context: AccessContext;
  readonly path: Path;
  readonly known: readonly CredentialKind[];
}

/** Reports what a listener asks for in vain. */
function checkListener(
  { enabled, accepts, requiresCertificate: needs }: Access,
  written: FileAccess | undefined,
  { listener, context: { report }, path, known }: At & { readonly listener: ListenerSettings },
): void {
  if (!enabled) {
    const isVain = written?.accepts !== undefined || needs;
    if (isVain) report(path, "has no effect while `enabled` is off");
    return;
  }
  if (known.length === 0) {
    const message = "is on, but nobody is known, so no one could call";
    report([...path, "enabled"], message, "set auth.keys");
    return;
  }
  const isAlone = written?.accepts !== undefined && accepts.every((kind) => kind === "certificate");
  if ((needs || isAlone) && !mayHaveCertificate(listener)) {
    report(
      path,
      "asks for certificates that no connection has",
      "set `tls.client_auth` to request",
    );
  }
}

/** What a listener asks for, before its routes. */
function listenerOwn(written: FileAccess | undefined, listener: ListenerSettings, at: At): Access {
  const { auth, strict } = at.context;
  const { enabled = auth.enabled, accepts: wanted = at.known } = written ?? {};
  if (written !== undefined) checkKinds(written, at.path, at);
  const open = written?.anonymous_scopes ?? auth.anonymousScopes;
  // As where auth is off for all: in development callers may report load.
  const reportsLoad = !(enabled || strict || open.includes("route"));
  const access = {
    enabled,
    anonymousScopes: reportsLoad ? [...open, "route"] : open,
    accepts: credentialKinds.filter((kind) => wanted.includes(kind)),
    requiresCertificate: written?.requires_certificate ?? false,
    isPublic: false,
  };
  checkListener(access, written, { ...at, listener });
  return access;
}

/** What each listener asks for; nothing where all ask for the same everywhere. */
export function accessFrom(
  { auth: { routes: general }, listeners: written = [] }: FileConfig,
  context: AccessContext,
): Pick<AuthSettings, "access"> {
  if (general.length === 0 && written.every(({ auth }) => auth === undefined)) return {};
  const { report, listeners } = context;
  const known = knownKinds(context);
  const inSection: Path = ["auth", "routes"];
  const check = (routes: readonly FileRouteAccess[], path: Path) => {
    for (const [index, route] of routes.entries()) {
      const at = [...path, index];
      checkKinds(route, at, { context, known });
      checkRoute(route, report, at);
      checkMatch(route, context, at);
    }
  };
  check(general, inSection);
  const places = listeners.map((listener, index): [string, ListenerAccess] => {
    const own = written[index]?.auth;
    const path = ["listeners", index, "auth"];
    const access = listenerOwn(own, listener, { context, path, known });
    const routes = own?.routes ?? general;
    if (own?.routes !== undefined) check(own.routes, [...path, "routes"]);
    const at = own?.routes === undefined ? inSection : [...path, "routes"];
    const place = { ...access, name: listener.name };
    return [
      listener.name,
      {
        ...access,
        routes: !access.enabled
          ? []
          : routes.map((route, number) =>
              routeOn(place, route, (message, hint) => report([...at, number], message, hint)),
            ),
      },
    ];
  });
  return { access: Object.fromEntries(places) };
}
