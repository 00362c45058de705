/** Fills `${NAME}` and `${NAME:-default}` in a text from the environment. Pure. */

/** The filled text, or a message that names the missing variable, and never a value. */
export type Substituted =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

const malformed =
  "has `$` and `{` without a variable's name and `}` after them; write `$$` and `{`";

/** `$${` stands for `${` itself. A variable that is empty counts as not set. */
export function substitute(
  written: string,
  env: Readonly<Record<string, string | undefined>>,
): Substituted {
  let message: string | undefined;
  const text = written.replaceAll(/\$(\$?)\{([^}]*)(\}?)/g, (whole, dollar, inside, close) => {
    if (dollar !== "") return whole.slice(1);
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
