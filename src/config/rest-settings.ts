/** The section `rest` becomes settings. */

import { lazy } from "#core/lazy.ts";
import { nameOf } from "#rest/route.ts";
import type { Report } from "./report.ts";
import { jsonByMethodFrom, jsonOptionsFrom } from "./rest-json.ts";
import { httpRulesFrom, type RuleContext } from "./rest-rules.ts";
import type { FileConfig } from "./schema.ts";
import type { RestSettings } from "./settings.ts";

/** Settings of REST, and the paths that they come to. */
export interface RestFindings {
  readonly rest: RestSettings;
  /** Templates of all routes; absent when there were problems. */
  readonly restTemplates: (() => readonly string[]) | undefined;
}

/** Reports rules that do not fit the services, and selectors that select nothing. */
export function restFrom(
  rest: FileConfig["rest"],
  context: RuleContext,
  report: Report,
): RestFindings {
  const { services } = context;
  const { rules, routes } = httpRulesFrom(rest.rules, context, report);
  const served = routes && lazy(() => new Set(routes().map(({ method }) => nameOf(method))));
  return {
    restTemplates: routes && (() => routes().map(({ template }) => template.text)),
    rest: {
      rules,
      json: jsonOptionsFrom(rest.json),
      jsonByMethod: jsonByMethodFrom(rest.json_by_method, { services, served }, report),
      ignoredQueryParameters: rest.ignored_query_parameters,
      heartbeatMs: rest.heartbeat,
      compression: {
        bytesMin: rest.compression.min_size,
        codings: rest.compression.enabled ? rest.compression.codings : [],
      },
    },
  };
}
