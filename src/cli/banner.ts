/** What `serve` prints once it is up: where it listens, what it has, four lines to try. Pure. */

/** What the gateway tells of itself. */
export interface BannerFacts {
  readonly version: string;
  readonly listeners: readonly {
    readonly name: string;
    /** Such as http://127.0.0.1:8080. */
    readonly url: string;
    readonly serves: readonly string[];
  }[];
  /** One line a backend, such as `embedded core` or `core-1 http://localhost:8001`. */
  readonly backends: readonly string[];
  /** One entry a model, such as `digits (available)`. */
  readonly models: readonly string[];
  /** Model for the predict line, and an image that a reader has; absent: the line is left out. */
  readonly sample?: { readonly model: string; readonly image: string };
  /** Callers need a key: the lines to try carry one. */
  readonly authEnabled: boolean;
}

/** Several lines, without a line end behind the last. */
export function bannerText(facts: BannerFacts): string {
  const rows = [
    ...facts.listeners.map(({ name, url, serves }) => [
      "listens",
      `${url}  ${name}: ${serves.join(", ")}`,
    ]),
    ...facts.backends.map((backend) => ["backend", backend]),
    ["models", facts.models.length === 0 ? "none" : facts.models.join(", ")],
  ];
  const known = rows.map(([label = "", text = ""]) => `  ${label.padEnd(9)}${text}`);
  const lines = [`Polygate ${facts.version}`, ...known];
  const tries = triesOf(facts);
  return (tries.length === 0 ? lines : [...lines, "", "Try it", ...tries]).join("\n");
}

/** Calls on the first listener that serves what they need. */
function triesOf({ listeners, sample, authEnabled }: BannerFacts): readonly string[] {
  const urlOf = (surface: string) => listeners.find(({ serves }) => serves.includes(surface))?.url;
  const key = authEnabled ? `-H "authorization: Bearer $AUTH_SECRET_KEY" ` : "";
  const json = `${key}-H 'content-type: application/json'`;
  const lines: string[] = [];
  const rest = urlOf("rest");
  if (rest !== undefined) {
    const question = `{"message": "what is 12*7?", "use_tools": true}`;
    lines.push(`curl ${json} -d '${question}' ${rest}/api/v1/chat`);
    if (sample !== undefined) {
      lines.push(`curl ${key}-F file=@${sample.image} ${rest}/predict/${sample.model}`);
    }
    lines.push(`curl -N ${json} -d '{"message": "hello", "stream": true}' ${rest}/api/v1/chat`);
  }
  const rpc = urlOf("rpc");
  if (rpc !== undefined) {
    const cleartext = rpc.startsWith("http:") ? "--http2-prior-knowledge " : "";
    const call = `${rpc}/polygate.v1.ChatService/Chat`;
    lines.push(`npx buf curl --protocol grpc ${cleartext}${key}-d '{"message": "hello"}' ${call}`);
  }
  return lines.map((line) => `  ${line}`);
}
