/** A problem of a configuration: what is wrong, and where. */

/**
 * One problem. Its text never contains a configured value, which could be a secret. Names and paths
 * of HTTP rules are the exception: every caller may read them.
 */
export interface Problem {
  /** `file:line:column`, `environment NAME`, `flag --name` or `defaults`. */
  readonly where: string;
  /** Path of the setting, such as `cores[0].url`; empty when it is not about a single setting. */
  readonly path: string;
  readonly message: string;
  /** What to write instead. */
  readonly hint?: string;
}

/** One line: where, which setting, what is wrong, what to do. */
export function problemText({ where, path, message, hint }: Problem): string {
  const subject = path === "" ? where : `${where}: ${path}`;
  return `${subject}: ${message}${hint === undefined ? "" : ` (hint: ${hint})`}`;
}

/** Steps from the root of a configuration: keys of mappings, indexes of lists. */
export type Path = readonly (string | number)[];

/** A path as people write it, such as `cores[0].url`. */
export function pathText(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += (text === "" ? "" : ".") + keyText(step);
  }
  return text;
}

function keyText(key: string): string {
  return /^[\w-]{1,64}$/.test(key) ? key : JSON.stringify(key.slice(0, 64));
}
