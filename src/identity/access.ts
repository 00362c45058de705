/** What is asked of callers where they come in: by listener, and within one by route. Pure. */

/** Ways to say who one is. */
export const credentialKinds = ["key", "token", "password", "certificate"] as const;

/** One of them. */
export type CredentialKind = (typeof credentialKinds)[number];

/** What is asked of callers in one place. */
export interface Access {
  /** Off: everybody is anonymous. */
  readonly enabled: boolean;
  /** Scopes of everybody while off. */
  readonly anonymousScopes: readonly string[];
  /** Kinds that are taken, none of them twice. */
  readonly accepts: readonly CredentialKind[];
  /** A known client certificate has to come beside whatever else is sent. */
  readonly requiresCertificate: boolean;
  /** Whoever sends nothing may call what any principal may. */
  readonly isPublic: boolean;
}

/** What is asked for on some routes of a listener. */
export interface RouteAccess extends Access {
  /** A procedure with `/` before it, or the template of a path; with `*` at its end: how it begins. */
  readonly match: string;
}

/** What a listener asks for. */
export interface ListenerAccess extends Access {
  /** The first that matches holds in place of the listener's own. */
  readonly routes: readonly RouteAccess[];
}

/** Who may call, as far as it differs by place. */
export interface AccessOptions {
  readonly enabled: boolean;
  readonly anonymousScopes: readonly string[];
  /** By the name of the listener; absent: it is the same everywhere. */
  readonly access?: Readonly<Record<string, ListenerAccess>>;
}

/** What is asked for where nothing of its own is said. */
export function generalAccess({ enabled, anonymousScopes }: AccessOptions): ListenerAccess {
  const accepts = credentialKinds;
  return { ...{ enabled, anonymousScopes, accepts }, ...noMore, routes: [] };
}

const noMore = { requiresCertificate: false, isPublic: false };

/** What a listener asks for. */
export function accessOf(options: AccessOptions, listener: string): ListenerAccess {
  const { access = {} } = options;
  const own = Object.hasOwn(access, listener) ? access[listener] : undefined;
  return own ?? generalAccess(options);
}

/** Whether a rule means one of these names: all of it, or its beginning. */
export function isMeant(match: string, names: readonly string[]): boolean {
  if (!match.endsWith("*")) return names.includes(match);
  const beginning = match.slice(0, -1);
  return names.some((name) => name.startsWith(beginning));
}

/** What is asked for on a listener of a call that goes by these names. */
export function accessAt(listener: ListenerAccess, names: readonly string[]): Access {
  return listener.routes.find(({ match }) => isMeant(match, names)) ?? listener;
}

/** Whether some listener asks who calls. */
export function asksAnywhere(options: AccessOptions): boolean {
  const places = Object.values(options.access ?? {});
  return places.length === 0 ? options.enabled : places.some(({ enabled }) => enabled);
}

/** What listeners ask for, as people and programs read it: kinds of which nobody is known are left out. */
export function shownAccess(
  options: AccessOptions & KnownCallers,
): (listener: string) => ListenerAccess {
  const { access, tokens, users, certificates } = options;
  if (access !== undefined) return (listener) => accessOf(options, listener);
  const isKnown: Record<CredentialKind, boolean> = {
    key: true,
    token: tokens !== undefined,
    password: users !== undefined,
    certificate: certificates !== undefined,
  };
  const accepts = credentialKinds.filter((kind) => isKnown[kind]);
  const general = { ...generalAccess(options), accepts };
  return () => general;
}

/** Who is known besides those with keys; absent: nobody. */
interface KnownCallers {
  readonly tokens?: unknown;
  readonly users?: unknown;
  readonly certificates?: unknown;
}

/** What a listener asks for, in words. */
export function accessText(access: ListenerAccess): string {
  const { enabled, anonymousScopes, accepts, requiresCertificate, routes } = access;
  if (!enabled) {
    const { length } = anonymousScopes;
    const rights = `, with scope${length === 1 ? "" : "s"} ${anonymousScopes.join(", ")}`;
    return `open to everybody${length === 0 ? "" : rights}`;
  }
  const others = accepts.filter((kind) => !requiresCertificate || kind !== "certificate");
  const wanted = others.length === 0 ? "certificate" : others.join(" or ");
  const besides = requiresCertificate && others.length > 0 ? ", and a certificate besides" : "";
  const { length } = routes;
  const differ = length === 0 ? "" : `; ${length} rule${length === 1 ? "" : "s"} for routes`;
  return `asks for ${wanted}${besides}${differ}`;
}
