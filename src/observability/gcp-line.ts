/** A log line in the fields that Google's Cloud Logging reads: severity, request, trace, stack. Pure. */

/** Our levels in its words. */
const severities: Readonly<Record<string, string>> = {
  debug: "DEBUG",
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
  fatal: "CRITICAL",
};

type Facts = Readonly<Record<string, unknown>>;

/** What an access line says of its request, as a whole of its own; undefined in other lines. */
function requestOf({ http_method: requestMethod, ...facts }: Facts): Facts | undefined {
  if (requestMethod === undefined) return undefined;
  const { path, status, client, http_version: version, elapsed_ms: elapsedMs } = facts;
  return {
    requestMethod,
    requestUrl: path,
    status,
    remoteIp: client,
    protocol: version === undefined ? undefined : `HTTP/${version}`,
    latency: typeof elapsedMs === "number" ? `${(elapsedMs / 1000).toFixed(6)}s` : undefined,
  };
}

/**
 * One JSON line of the log as Cloud Logging wants it. All facts stay under their names; what it has a
 * field of its own for is there, too. `project` makes traces links; absent: they are facts alone.
 * Fields: https://cloud.google.com/logging/docs/structured-logging.
 */
export function gcpLine(line: string, project: string | undefined): string {
  const { level, msg, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const { trace_id: trace, span_id: span, err } = facts;
  const stack = (err as { readonly stack?: unknown } | undefined)?.stack;
  const linked = project !== undefined && trace !== undefined;
  const fields = {
    severity: severities[String(level)] ?? "DEFAULT",
    message: msg ?? "",
    ...facts,
    httpRequest: requestOf(facts),
    "logging.googleapis.com/trace": linked ? `projects/${project}/traces/${trace}` : undefined,
    "logging.googleapis.com/spanId": linked ? span : undefined,
    // Error Reporting takes up errors by their stack.
    stack_trace: typeof stack === "string" ? stack : undefined,
  };
  return `${JSON.stringify(fields)}\n`;
}
