/** What `serve` prints when it is up: listeners, backends, models, and commands to try; on one screen. Pure. */

/** The facts that the banner shows. */
export interface BannerFacts {
  readonly version: string;
  readonly listeners: readonly {
    readonly name: string;
    /** Such as http://127.0.0.1:8080. */
    readonly url: string;
    readonly serves: readonly string[];
    /** What callers are asked for there. */
    readonly asks?: string;
  }[];
  /** One line per backend, such as `embedded core` or `core-1 http://localhost:8001`. */
  readonly backends: readonly string[];
  /** One entry per model, such as `digits (available)`. */
  readonly models: readonly string[];
  /** How this program is called where it was started, such as `npm run -s polygate --`. */
  readonly program: string;
  /** Model and image for the predict command; absent: that command is left out. */
  readonly sample?: { readonly model: string; readonly image: string };
  /** Callers need a credential: how the commands take it. Absent: none is needed. */
  readonly key?: KeyVariable | "certificate";
}

/** A shell variable that the commands take a credential from. */
export interface KeyVariable {
  readonly name: string;
  /** The environment has it, and it holds a key. */
  readonly isSet: boolean;
  /** What it is to be set to. */
  readonly holds: string;
  /** It is name and password (HTTP Basic). */
  readonly isPassword?: boolean;
}

/** Rows of listeners, and entries of a row, that are shown: a screen has 24 lines. */
const listenersShown = 3;
const entriesShown = 6;

/** The entries in one row; how many are left out. */
function few(entries: readonly string[], shown = entriesShown): string {
  if (entries.length === 0) return "none";
  const left = entries.length - shown;
  const rest = left > 0 ? [`and ${left} more`] : [];
  return [...entries.slice(0, shown), ...rest].join(", ");
}

/** Several lines, without a line end after the last. */
export function bannerText(facts: BannerFacts): string {
  const { listeners } = facts;
  const others = listeners.slice(listenersShown).map(({ name, url }) => `${url} ${name}`);
  const rows = [
    ...listeners
      .slice(0, listenersShown)
      .map(({ name, url, serves, asks }) => [
        "listens",
        `${url}  ${name}: ${serves.join(", ")}${asks === undefined ? "" : `; ${asks}`}`,
      ]),
    ...(others.length === 0 ? [] : [["and", few(others, 3)]]),
    ["backend", few(facts.backends)],
    ["models", few(facts.models)],
  ];
  const known = rows.map(([label = "", text = ""]) => `  ${label.padEnd(9)}${text}`);
  const lines = [`Polygate ${facts.version}`, ...known];
  const tries = triesOf(facts);
  return (tries.length === 0 ? lines : [...lines, "", tryItText(facts), ...tries]).join("\n");
}

function tryItText({ key }: BannerFacts): string {
  if (key === undefined) return "Try it";
  if (key === "certificate") return "Try it, with --cert and --key of a client that is known";
  return key.isSet
    ? `Try it, where ${key.name} is set as it is here`
    : `Try it, with ${key.name} set to ${key.holds}`;
}

/** A word of a command line, quoted for the shell where it needs to be. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** What the commands send a credential by; both programs know these options. */
function optionOf(key: BannerFacts["key"]): string {
  if (key === undefined || key === "certificate") return "";
  return key.isPassword === true
    ? `-u "$${key.name}" `
    : `-H "authorization: Bearer $${key.name}" `;
}

/** Where commands ask by default. */
const serverDefaults = new Set(["http://127.0.0.1:8080", "http://localhost:8080"]);

/** This program's own commands; they know keys, and no other credentials. */
function ownTries({ program, key }: BannerFacts, url: string): readonly string[] {
  if (key === "certificate" || key?.isPassword === true) return [];
  const isAsIs = key === undefined || key.name === "POLYGATE_API_KEY";
  const call = `${isAsIs ? "" : `POLYGATE_API_KEY="$${key.name}" `}${program}`;
  const server = serverDefaults.has(url) ? "" : ` --server ${url}`;
  return [`${call} chat${server} --tools 'what is 12*7?'`, `${call} top${server}`];
}

/** The commands, each for the first listener that serves it. */
function triesOf(facts: BannerFacts): readonly string[] {
  const { listeners, sample, key: variable } = facts;
  const urlOf = (surface: string) => listeners.find(({ serves }) => serves.includes(surface))?.url;
  const key = optionOf(variable);
  const json = `${key}-H 'content-type: application/json'`;
  const rpc = urlOf("rpc");
  const lines = rpc === undefined ? [] : [...ownTries(facts, rpc)];
  const rest = urlOf("rest");
  if (rest !== undefined) {
    const question = `{"message": "what is 12*7?", "use_tools": true}`;
    lines.push(`curl ${json} -d '${question}' ${rest}/api/v1/chat`);
    if (sample !== undefined) {
      const file = shellWord(`file=@${sample.image}`);
      lines.push(`curl ${key}-F ${file} ${rest}/predict/${sample.model}`);
    }
  }
  if (rpc !== undefined) {
    const cleartext = rpc.startsWith("http:") ? "--http2-prior-knowledge " : "";
    const call = `${rpc}/polygate.v1.ChatService/Chat`;
    lines.push(`npx buf curl --protocol grpc ${cleartext}${key}-d '{"message": "hello"}' ${call}`);
  }
  return lines.map((line) => `  ${line}`);
}
