/** Finds the route of a request among those of all services. */

import { type DescMethod, type DescService, getOption, hasOption } from "@bufbuild/protobuf";
import { getOrCreate } from "#core/get-or-create.ts";
import { knownMethods } from "#exchange/known-methods.ts";
import { http } from "#gen/google/api/annotations_pb.js";
import type { HttpRule } from "#gen/google/api/http_pb.js";
import type { FieldIndex } from "./field-path.ts";
import { type MethodExtrasOf, noExtras } from "./method-extras.ts";
import { captureOf, type PathSegments, splitPath } from "./path.ts";
import { compileRoutes, nameOf, type Route } from "./route.ts";
import { RuleError } from "./rule-error.ts";
import { Trie } from "./trie.ts";

/** A route with the texts of its variables. */
export interface RouteMatch {
  readonly route: Route;
  readonly captures: readonly string[];
}

/** What a lookup found. */
export type Routed =
  /** A route, with the text of each of its variables. */
  | ({ readonly ok: true } & RouteMatch)
  /** The path is known, but not by this method. */
  | { readonly ok: false; readonly route: Route; readonly allow: readonly string[] };

function allowed(methods: readonly string[]): readonly string[] {
  const all = new Set([...methods, "OPTIONS"]);
  if (all.has("GET")) all.add("HEAD");
  return [...all];
}

/** Two routes that one request could mean; `before` came first. */
export interface Clash {
  readonly route: Route;
  readonly before: Route;
}

/** Routes that cannot exist together; the message names the methods of each pair. */
export class ClashError extends Error {
  readonly clashes: readonly Clash[];

  constructor(clashes: readonly Clash[]) {
    super(clashes.map(clashText).join("; "));
    this.name = "ClashError";
    this.clashes = clashes;
  }
}

/** Words for a clash. */
export function clashText({ route, before }: Clash): string {
  const names = `${nameOf(before.method)} and ${nameOf(route.method)}`;
  return `${names} both take ${route.httpMethod} ${route.template.text}`;
}

/** The rule of each method that has one; a rule given besides the annotations wins over them. */
function rulesOf(services: readonly DescService[], given: readonly HttpRule[]) {
  const methods = services.flatMap((service) => service.methods);
  const known = new Set(methods.map(nameOf));
  const selected = new Map<string, HttpRule>();
  for (const rule of given) {
    const { selector } = rule;
    if (!known.has(selector)) throw new RuleError(selector, ["selector"], "no such method");
    if (selected.has(selector)) throw new RuleError(selector, ["selector"], "has two rules");
    selected.set(selector, rule);
  }
  return methods.flatMap((method) => {
    const annotated = hasOption(method, http) ? getOption(method, http) : undefined;
    const rule = selected.get(nameOf(method)) ?? annotated;
    return rule === undefined ? [] : [{ method, rule }];
  });
}

/** What methods have routes, and what their owner says of them. */
interface RouterOptions {
  /** Default: nothing. */
  readonly extrasOf?: MethodExtrasOf | undefined;
  /** Default: all of them. */
  readonly isServed?: ((method: DescMethod) => boolean) | undefined;
}

/** All routes of some services. */
export class Router {
  readonly #trie = new Trie<Route>();
  /** Routes of streams alone, whatever their HTTP method: a WebSocket begins with GET always. */
  readonly #streams = new Trie<Route>();
  /** What was found for paths that are their own template, by HTTP method. */
  readonly #literal = new Map<string, Map<string, Routed>>();
  /** In the order of services, methods and bindings. */
  readonly routes: readonly Route[];

  /**
   * Routes of the methods that are served; rules may select the others as well. Throws a RuleError for a
   * bad rule, and a ClashError for routes that are in each other's way.
   */
  constructor(
    services: readonly DescService[],
    rules: readonly HttpRule[],
    index: FieldIndex,
    { extrasOf = noExtras, isServed = () => true }: RouterOptions = {},
  ) {
    this.routes = rulesOf(services, rules)
      .filter(({ method }) => isServed(method))
      .flatMap(({ method, rule }) => compileRoutes(rule, method, index, extrasOf));
    const clashes: Clash[] = [];
    for (const route of this.routes) {
      const before = this.#trie.add(route.template, route.httpMethod, route);
      if (route.method.methodKind !== "unary") this.#streams.add(route.template, "*", route);
      if (before !== undefined) clashes.push({ route, before });
    }
    if (clashes.length > 0) throw new ClashError(clashes);
  }

  /** The route for a path that begins with a slash. Throws REQUEST_INVALID for a bad escape in it. */
  find(httpMethod: string, path: string): Routed | undefined {
    const known = this.#literal.get(path)?.get(httpMethod);
    if (known !== undefined) return known;
    const found = this.#search(httpMethod, path);
    if (found?.ok && path === found.route.template.text && knownMethods.has(httpMethod)) {
      getOrCreate(this.#literal, path, () => new Map<string, Routed>()).set(httpMethod, found);
    }
    return found;
  }

  #search(httpMethod: string, path: string): Routed | undefined {
    const found = this.#trie.find(httpMethod, splitPath(path));
    if (found === undefined) return undefined;
    if (!found.ok) return { ok: false, route: found.sibling, allow: allowed(found.methods) };
    return { ok: true, ...routed(found.value, found.path) };
  }

  /** The streaming method's route for a path. Throws as `find` does. */
  findStream(path: string): Routed | undefined {
    const found = this.#streams.find("GET", splitPath(path));
    return found?.ok ? { ok: true, ...routed(found.value, found.path) } : undefined;
  }
}

function routed(route: Route, path: PathSegments): RouteMatch {
  const captures = route.variables.map(({ variable }) => captureOf(variable, path));
  return { route, captures };
}
