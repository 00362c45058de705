/** Fills `${NAME}`, `${NAME:-default}`, `${file:path}` and `${credential:name}` in a text from environment and files. Pure. */

/** The text of a file, or why there is none, in words that name no secret. */
export type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

/** Reads what a value names in place of a secret. */
export interface SecretReaders {
  readonly file: (path: string) => FileText;
  /** One of systemd's credentials. */
  readonly credential: (name: string) => FileText;
}

/** The filled text, or a message that names the missing variable, and never a value. */
export type Substituted =
  | {
      readonly ok: true;
      readonly text: string;
      /** Something in it came from a file or from the environment. */
      readonly isFilled: boolean;
    }
  | { readonly ok: false; readonly message: string };

const malformed =
  "has `$` and `{` without a variable's name and `}` after them; write `$$` and `{`";

/** What stands for the text between `${` and `}`. */
function textFor(
  inside: string,
  env: Readonly<Record<string, string | undefined>>,
  readers: SecretReaders | undefined,
): FileText {
  const [, kind, named = ""] = /^(file|credential):(.*)$/s.exec(inside) ?? [];
  if (readers !== undefined && kind !== undefined)
    return readers[kind as keyof SecretReaders](named);
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside);
  if (match === null) return { ok: false, message: malformed };
  const [, name = "", fallback] = match;
  const text = env[name] || fallback;
  return text === undefined
    ? { ok: false, message: `environment variable ${name} is not set` }
    : { ok: true, text };
}

/**
 * `$${` stands for `${` itself. A variable that is empty counts as not set. Without `readers` there
 * are no files.
 */
export function substitute(
  written: string,
  env: Readonly<Record<string, string | undefined>>,
  readers?: SecretReaders,
): Substituted {
  let message: string | undefined;
  let isFilled = false;
  const text = written.replaceAll(/\$(\$?)\{([^}]*)(\}?)/g, (whole, dollar, inside, close) => {
    if (dollar !== "") return whole.slice(1);
    isFilled = true;
    const found: FileText =
      close === "" ? { ok: false, message: malformed } : textFor(inside, env, readers);
    if (found.ok) return found.text;
    message ??= found.message;
    return "";
  });
  return message === undefined ? { ok: true, text, isFilled } : { ok: false, message };
}
