/** HTTP rules of the file, checked against the services and against each other. */

import { type DescMethod, type DescService, fromJsonString } from "@bufbuild/protobuf";
import { lazy } from "#core/lazy.ts";
import { type HttpRule, HttpRuleSchema } from "#gen/google/api/http_pb.js";
import { methodExtras } from "#method-extras.ts";
import { FieldIndex } from "#rest/field-path.ts";
import { compileRoutes, nameOf, type Route } from "#rest/route.ts";
import { type Clash, ClashError, clashText, Router } from "#rest/router.ts";
import { RuleError } from "#rest/rule-error.ts";
import { isPage } from "#surface-table.ts";
import { nearest } from "#yaml/nearest.ts";
import type { Path } from "#yaml/problem.ts";
import type { Report } from "./report.ts";
import type { FileConfig } from "./schema.ts";

type FileRule = FileConfig["rest"]["rules"][number];
type FileBinding = FileRule["additional_bindings"][number];

/** What rules are checked against. */
export interface RuleContext {
  readonly services: readonly DescService[];
  /** Absent: there is no metrics page. */
  readonly metricsPath: string | undefined;
}

/** Rules, and the routes of all services under them; no routes when there were problems. */
export interface CheckedRules {
  readonly rules: readonly HttpRule[];
  readonly routes?: () => readonly Route[];
}

const patterns = ["get", "put", "post", "delete", "patch", "custom"] as const;

/** The only path that a route matches; undefined when it matches several. */
function fixedPath({ template: { segments, verb } }: Route): string | undefined {
  const texts = segments.map((segment) => (segment.kind === "literal" ? segment.text : undefined));
  if (texts.includes(undefined)) return undefined;
  return `/${texts.join("/")}${verb === "" ? "" : `:${verb}`}`;
}

/** Checks each rule by itself, then all of them together with the rules of the protos. */
class RuleCheck {
  readonly #index = new FieldIndex();
  readonly #methods: ReadonlyMap<string, DescMethod>;
  /** The index of each method's rule in the list. */
  readonly #positions = new Map<string, number>();
  readonly #rules: HttpRule[] = [];
  readonly #context: RuleContext;
  readonly #report: Report;
  #isSound = true;

  constructor(context: RuleContext, report: Report) {
    const methods = context.services.flatMap((service) => service.methods);
    this.#methods = new Map(methods.map((method) => [nameOf(method), method]));
    this.#context = context;
    this.#report = report;
  }

  /** Takes the next rule of the list. */
  add(rule: FileRule, position: number): void {
    const { selector, additional_bindings: bindings } = rule;
    const isWhole = bindings
      .map((each, nth) => this.#hasPattern(each, [position, "additional_bindings", nth]))
      .concat(this.#hasPattern(rule, [position]))
      .every(Boolean);
    const earlier = this.#positions.get(selector);
    const method = this.#methods.get(selector);
    if (method === undefined) {
      const meant = nearest(selector, this.#methods.keys());
      this.#tell([position, "selector"], "is no method", meant && `did you mean ${meant}?`);
    } else if (earlier !== undefined) {
      const instead = "put its paths under additional_bindings";
      this.#tell([position, "selector"], `has a rule already, rest.rules[${earlier}]`, instead);
    } else {
      this.#positions.set(selector, position);
      if (isWhole) this.#compile(rule, method, position);
    }
  }

  /** The result, after the last rule. */
  finish(): CheckedRules {
    const rules = this.#rules;
    if (!this.#isSound) return { rules };
    const routes = lazy(() => this.#routes());
    // The protos' own rules do not clash, and to look costs a start that asks for no route 8 ms.
    if (rules.length === 0) return { rules, routes };
    try {
      for (const route of routes()) this.#requireOwnPath(route);
      return { rules, routes };
    } catch (error) {
      if (!(error instanceof ClashError)) throw error;
      for (const clash of error.clashes) this.#tellClash(clash);
      return { rules };
    }
  }

  /** Throws ClashError. */
  #routes(): readonly Route[] {
    const { services } = this.#context;
    return new Router(services, this.#rules, this.#index, { extrasOf: methodExtras }).routes;
  }

  #tell(path: Path, message: string, hint?: string): void {
    this.#isSound = false;
    this.#report(["rest", "rules", ...path], message, hint);
  }

  /** Whether it names one HTTP method and path. */
  #hasPattern(binding: FileBinding, at: Path): boolean {
    const [first, second] = patterns.filter((pattern) => binding[pattern] !== undefined);
    if (first === undefined) {
      this.#tell(at, "names no HTTP method and path", `add one of ${patterns.join(", ")}`);
    } else if (second !== undefined) {
      this.#tell(
        [...at, second],
        `cannot be combined with ${first}`,
        "put it under additional_bindings",
      );
    }
    return first !== undefined && second === undefined;
  }

  #compile(written: FileRule, method: DescMethod, position: number): void {
    const rule = fromJsonString(HttpRuleSchema, JSON.stringify(written));
    try {
      compileRoutes(rule, method, this.#index, methodExtras);
      this.#rules.push(rule);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      this.#tell([position, ...error.at], error.problem);
    }
  }

  /** Reports a clash at the later of two rules; the protos' own rules do not clash. */
  #tellClash(clash: Clash): void {
    const [route, position] = [clash.before, clash.route]
      .map((each) => [each, this.#positions.get(nameOf(each.method)) ?? -1] as const)
      .reduce((one, other) => (other[1] >= one[1] ? other : one));
    this.#tell([position, ...route.at], clashText(clash));
  }

  /** Pages are looked up before routes. */
  #requireOwnPath(route: Route): void {
    const position = this.#positions.get(nameOf(route.method));
    const path = fixedPath(route);
    if (position === undefined || path === undefined) return;
    if (isPage(path) || path === this.#context.metricsPath) {
      this.#tell([position, ...route.at], "is the path of a page that the gateway serves itself");
    }
  }
}

/** The rules of the file. Reports each invalid rule, at the part of the entry that is wrong. */
export function httpRulesFrom(
  written: readonly FileRule[],
  context: RuleContext,
  report: Report,
): CheckedRules {
  const check = new RuleCheck(context, report);
  for (const [position, rule] of written.entries()) check.add(rule, position);
  return check.finish();
}
