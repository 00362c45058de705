/** The rows of docs/errors.md: the table of reasons, and what a reader can do about each. */

import { Code } from "@connectrpc/connect";
import { httpStatusOf } from "#errors/http-status.ts";
import { type Reason, type ReasonRow, reasons } from "#errors/reason.ts";

/** One row per reason; a new reason needs one before this compiles. */
const adviceOf: Readonly<Record<Reason, string>> = {
  REQUEST_INVALID: "Correct the fields that the error names.",
  PARAMETER_INVALID: "Correct the parameter that the error names.",
  BODY_MALFORMED: "Send what the content type says; the message names the place.",
  BODY_TOO_LARGE: "Send less, or let the operator raise the limit that the message names.",
  BODY_TIMEOUT: "Send the body faster; the connection stalled.",
  MEDIA_TYPE_UNSUPPORTED: "Set `content-type` to one that the message lists.",
  NOT_ACCEPTABLE: "Set `accept` to one that the message lists.",
  TARGET_TOO_LONG: "Move what is in the URL into the body.",
  PARAMETER_UNSUPPORTED: "Leave the parameter out, or ask a model whose provider has it.",
  CONTEXT_WINDOW_EXCEEDED: "Shorten the chat, or ask a model with a larger window.",
  CONTENT_POLICY_REFUSED: "Change what is asked; the provider refuses it.",
  RANGE_INVALID: "Ask for a range within the file.",
  IMAGE_INVALID: "Send a whole image in a format that is read.",
  TENSOR_INVALID: "Send name, type and shape as the model's metadata says.",
  ROUTE_UNKNOWN: "Check the path; `/docs` lists all of them.",
  HOST_UNKNOWN: "Call by a name of `allowed_hosts`.",
  METHOD_NOT_ALLOWED: "Use a method of the header `allow`.",
  METHOD_UNKNOWN: "Check the procedure's name; reflection lists all of them.",
  MODEL_UNKNOWN: "Ask for a model that `/v1/models` lists.",
  OPERATION_UNSUPPORTED: "Ask a model whose backend has the operation.",
  PACKAGE_MISSING:
    "Install the package that the message names; the gateway itself is whole without it.",
  BACKEND_MODEL_MISSING: "Nothing: another backend is asked, and a caller sees its response.",
  MODEL_NOT_LOADED: "Load the model, or wait until it is ready.",
  MODEL_LOAD_FAILED: "Operator: correct the model; the message says what is wrong with it.",
  CREDENTIAL_MISSING: "Send a key or a token.",
  CREDENTIAL_INVALID: "Send a key that is in force, or a token that has not expired.",
  ATTEMPTS_LIMITED: "Stop sending unknown keys; try again after Retry-After.",
  IDENTITY_UNAVAILABLE: "Try again later. Operator: see why the token's keys cannot be fetched.",
  SCOPE_REQUIRED: "Use a key with the scope that the message names.",
  ROUTE_NOT_ALLOWED: "Use a key that may use the route.",
  MODEL_NOT_ALLOWED: "Use a key that may use the model.",
  HOOK_DENIED: "Change what is asked; a rule of the operator refuses it.",
  HOOK_FAILED: "Try again later. Operator: see why the hook fails.",
  ORIGIN_REFUSED: "Operator: add the page's origin to `cors.origins`, if it may call.",
  RATE_LIMITED: "Try again after Retry-After; the message names the limit.",
  BUFFERS_FULL: "Try again later; bodies fill the memory set aside for them.",
  UPLOADS_LIMITED: "Wait until earlier uploads expire, or send smaller ones.",
  UPLOADS_FULL: "Try again later. Operator: raise `uploads.max_size` or `uploads.max_files`.",
  LOAD_SHED: "Try again after a pause; the gateway has too much to do.",
  OVERLOADED: "Try again after a pause. Operator: add capacity, or a longer queue.",
  CANCELLED: "Nothing: the caller left.",
  DEADLINE_EXCEEDED: "Allow more time, or ask for less.",
  POOL_EMPTY: "Try again later. Operator: no endpoint takes calls; `/health` says which.",
  BACKEND_LOST: "Try again. Operator: see why connections to the backend end.",
  BACKEND_TIMEOUT: "Try again, or ask for less. Operator: see why the backend is slow.",
  BACKEND_FAILED: "Try again. Operator: see the backend's own log.",
  BACKEND_REFUSED: "Change the request: the backend says what it lacks.",
  BACKEND_CONNECT_TIMEOUT: "Try again. Operator: check the backend's address and network.",
  BACKEND_FIRST_TOKEN_TIMEOUT:
    "Try again. Operator: raise `first_token_timeout` if the model is slow.",
  BACKEND_IDLE_TIMEOUT: "Try again. Operator: raise `idle_timeout` if the model pauses.",
  BACKEND_TOTAL_TIMEOUT: "Ask for less. Operator: raise `total_timeout`.",
  BACKEND_REJECTED: "Correct the request: the provider says what it does not take.",
  BACKEND_CREDENTIAL: "Operator: the provider refuses the gateway's key.",
  BACKEND_UNAUTHENTICATED: "Operator: the backend does not admit the gateway.",
  BACKEND_QUOTA: "Operator: the account at the provider is used up.",
  BACKEND_RATE_LIMITED: "Try again after Retry-After; the provider limits the gateway.",
  BACKEND_OVERLOADED: "Try again after a pause; the backend has too much to do.",
  BACKEND_MALFORMED: "Try again. Operator: the backend's response is not what its API says.",
  LIMITS_UNAVAILABLE:
    "Try again later. Operator: Redis is away, and `redis.on_store_error` refuses.",
  KEYS_UNAVAILABLE: "Try again later. Operator: the store of keys is away.",
  HISTORY_UNAVAILABLE: "Try again later. Operator: the history's database is away.",
  SHUTTING_DOWN: "Try again at once, by another connection.",
  INTERNAL: "Report it with the request's id: it is a bug of the gateway.",
  UNKNOWN: "Report it with the request's id.",
  NOT_FOUND: "Check the name: there is no such thing.",
  ALREADY_EXISTS: "Choose another name.",
  PERMISSION_DENIED: "Use a key that may do it.",
  UNAUTHENTICATED: "Send a credential that is in force.",
  RESOURCE_EXHAUSTED: "Try again after a pause, or ask for less.",
  FAILED_PRECONDITION: "Bring about first what the message names.",
  ABORTED: "Read again, and repeat the change.",
  OUT_OF_RANGE: "Stay within the range that the message names.",
  UNIMPLEMENTED: "Use a gateway or a backend that has the method.",
  UNAVAILABLE: "Try again after a pause.",
  DATA_LOSS: "Report it with the request's id.",
};

const blameText = { caller: "caller", upstream: "backend", gateway: "gateway" } as const;

/** A code as gRPC writes it. */
function codeText(code: Code): string {
  const text = Code[code].replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  return text === "CANCELED" ? "CANCELLED" : text;
}

function rowText([reason, row]: [string, ReasonRow]): string {
  const cells = [
    `\`${reason}\``,
    `${codeText(row.code)} (${row.code})`,
    String(row.http ?? httpStatusOf(row.code)),
    blameText[row.blame],
    row.retryable ? "yes" : "no",
    adviceOf[reason as Reason],
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Markdown, without a line end after the last row. */
export function errorsTable(): string {
  return [
    "| Reason | gRPC | HTTP | Fault of | Tried elsewhere | What to do |",
    "|---|---|---|---|---|---|",
    ...Object.entries<ReasonRow>(reasons).map(rowText),
  ].join("\n");
}
