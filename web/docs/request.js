/** One request to try: as fetch sends it, and as a curl command. */

/** What stands for the key in a command, so that commands can be shown to others. */
const keyInCommand = "$POLYGATE_KEY";

/**
 * The URL of an operation. `values` are parameters as { name, in, text, schema }; those of the
 * query that are empty are left out, lists are split at commas.
 */
export function urlOf(path, values) {
  let target = path.slice(1);
  const query = [];
  for (const { name, in: place, text, schema } of values) {
    if (place === "path") target = target.replace(`{${name}}`, encodeURIComponent(text));
    else if (text !== "") {
      const parts = schema.type === "array" ? text.split(",") : [text];
      for (const part of parts) query.push(`${name}=${encodeURIComponent(part.trim())}`);
    }
  }
  const home = new URL(".", document.baseURI).href;
  return home + target + (query.length === 0 ? "" : `?${query.join("&")}`);
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A form's fields as curl's options; a file stands as its name. */
function formOptions(form) {
  return [...form].map(([name, value]) =>
    typeof value === "string"
      ? `--form-string ${quoted(`${name}=${value}`)}`
      : `-F ${quoted(`${name}=@${value.name || "file"}`)}`,
  );
}

function bodyOptions(body) {
  if (body === undefined) return [];
  if (typeof body === "string") return [`-d ${quoted(body)}`];
  if (body instanceof FormData) return formOptions(body);
  return [`--data-binary ${quoted(`@${body.name}`)}`];
}

/** The command that sends the same request. */
export function curlOf({ method, url, headers, body, key }) {
  const fields = Object.entries(headers).map(
    ([name, value]) => `-H ${quoted(`${name}: ${value}`)}`,
  );
  const isPlain = method === (body === undefined ? "GET" : "POST");
  return [
    `curl -sN ${isPlain ? "" : `-X ${method} `}${quoted(url)}`,
    ...(key === "" ? [] : [`-H "authorization: Bearer ${keyInCommand}"`]),
    ...fields,
    ...bodyOptions(body),
  ].join(" \\\n  ");
}

/** Sends the request; resolves with its response. */
export function send({ method, url, headers, body, key }, signal) {
  const credential = key === "" ? {} : { authorization: `Bearer ${key}` };
  return fetch(url, { method, headers: { ...headers, ...credential }, body, signal });
}
