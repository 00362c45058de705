/** Fills `${NAME}`, `${NAME:-default}` and `${file:path}` in a text from environment and files. Pure. */

/** The text of a file, or why there is none, in words that name no secret. */
export type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

/** The filled text, or a message that names the missing variable, and never a value. */
export type Substituted =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

const malformed =
  "has `$` and `{` without a variable's name and `}` after them; write `$$` and `{`";

/**
 * `$${` stands for `${` itself. A variable that is empty counts as not set. Without `readFile` there
 * are no files.
 */
export function substitute(
  written: string,
  env: Readonly<Record<string, string | undefined>>,
  readFile?: (path: string) => FileText,
): Substituted {
  let message: string | undefined;
  const text = written.replaceAll(/\$(\$?)\{([^}]*)(\}?)/g, (whole, dollar, inside, close) => {
    if (dollar !== "") return whole.slice(1);
    if (readFile !== undefined && inside.startsWith("file:") && close !== "") {
      const read = readFile(inside.slice("file:".length));
      if (read.ok) return read.text;
      message ??= read.message;
      return "";
    }
    const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside);
    if (match === null || close === "") {
      message ??= malformed;
      return "";
    }
    const [, name = "", fallback] = match;
    const value = env[name] || fallback;
    if (value === undefined) message ??= `environment variable ${name} is not set`;
    return value ?? "";
  });
  return message === undefined ? { ok: true, text } : { ok: false, message };
}
