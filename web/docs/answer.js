/** Shows the response to a tried request, streams message by message. */

import { element } from "./element.js";
import { comesInMessages, messagesOf } from "./events.js";

/** Characters of a text that are shown; more would make the page slow. */
const shownMax = 1_000_000;
/** Messages of a stream that are shown, the newest. */
const messagesMax = 500;

/** Pretty where it is one JSON value; other texts as they are. */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Whether JSON writes a field at its default so. */
function isDefault(value) {
  return value === "" || value === 0 || value === false || value === null || value?.length === 0;
}

/** A message on few lines: what it says, without the fields at their defaults. */
function compact(data) {
  try {
    return JSON.stringify(JSON.parse(data), (_, value) => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).filter(([, each]) => !isDefault(each)));
    });
  } catch {
    return data;
  }
}

/** Whether the end of a pane is in view, so that it may follow what comes. */
function isAtEnd({ scrollTop, clientHeight, scrollHeight }) {
  return scrollTop + clientHeight >= scrollHeight - 4;
}

/** Something that scrolls, and so can be reached and scrolled with keys. */
function scrollable(tag, label, properties = {}) {
  return element(tag, { tabIndex: 0, role: "region", "aria-label": label, ...properties });
}

/** An image is shown; anything else can only be saved. */
async function showBytes(response, type, pane) {
  const blob = await response.blob();
  const url = URL.createObjectURL(blob);
  const picture = type.startsWith("image/") ? [element("img", { src: url, alt: "" })] : [];
  const link = element("a", { href: url, download: "" }, `Save ${blob.size} bytes`);
  pane.replaceChildren(...picture, link);
}

async function showText(response, type, pane) {
  const shown = scrollable("pre", "Response body");
  pane.replaceChildren(shown);
  let text = "";
  let length = 0;
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    length += piece.length;
    if (text.length >= shownMax) continue;
    const follows = isAtEnd(shown);
    const part = piece.slice(0, shownMax - text.length);
    text += part;
    shown.append(part);
    if (follows) shown.scrollTop = shown.scrollHeight;
  }
  if (length > shownMax) {
    pane.append(element("p", { class: "note" }, `${length - shownMax} more characters not shown.`));
  } else if (type === "application/json") {
    shown.textContent = pretty(text);
    shown.scrollTop = 0;
  }
  if (length === 0) pane.replaceChildren(element("p", { class: "note" }, "No body."));
}

/** A message of a stream: its number and kind, then its data. */
function entryOf({ name, id, data }) {
  const isFailed = name === "error";
  return element(
    "li",
    isFailed ? { class: "failed" } : {},
    element("span", { class: "number" }, id === "" ? name : isFailed ? `${id} ${name}` : id),
    element("code", {}, isFailed ? pretty(data) : compact(data)),
  );
}

async function showMessages(response, type, pane) {
  const shown = scrollable("ol", "Messages", { class: "messages" });
  const dropped = element("p", { class: "note" }, "Without fields at their defaults.");
  pane.replaceChildren(dropped, shown);
  let count = 0;
  const pieces = response.body.pipeThrough(new TextDecoderStream());
  for await (const message of messagesOf(pieces, type)) {
    const follows = isAtEnd(shown);
    count += 1;
    shown.append(entryOf(message));
    if (count > messagesMax) {
      shown.firstChild.remove();
      dropped.textContent = `The last ${messagesMax} of ${count} messages, without fields at their defaults.`;
    }
    if (follows) shown.scrollTop = shown.scrollHeight;
  }
  if (count === 0) pane.replaceChildren(element("p", { class: "note" }, "No messages."));
}

function showingOf(type) {
  if (comesInMessages(type)) return showMessages;
  return type === "" || /json|^text\//.test(type) ? showText : showBytes;
}

/** The place for responses: `show` runs `send(signal)` and shows what comes; `stop` ends it. */
export class Answer {
  #status = element("p", { class: "status", role: "status" }, "Not tried yet.");
  #pane = element("div");
  #stopping = new AbortController();
  /** To be put into the page. */
  view = element("div", { class: "answer" }, this.#status, this.#pane);

  stop() {
    this.#stopping.abort();
  }

  /** Says that nothing can be sent as it stands, and why. */
  refuse(reason) {
    this.#pane.replaceChildren();
    this.#say(reason, true);
    this.view.scrollIntoView({ block: "nearest" });
  }

  async show(send) {
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#say("Waiting…");
    this.#pane.replaceChildren();
    this.view.scrollIntoView({ block: "nearest" });
    const startMs = performance.now();
    const elapsed = () => `${Math.round(performance.now() - startMs)} ms`;
    let head = "";
    try {
      const response = await send(signal);
      const type = (response.headers.get("content-type") ?? "").split(";")[0];
      head = [`${response.status} ${response.statusText}`.trim(), type].join(" · ");
      this.#say(`${head} · …`, !response.ok);
      await showingOf(type)(response, type, this.#pane);
      this.#say(`${head} · ${elapsed()}`, !response.ok);
    } catch (error) {
      if (signal.aborted) this.#say(`${head || "Stopped"} · stopped after ${elapsed()}`);
      else if (head === "") this.#say(`No response: ${error.message}`, true);
      else this.#say(`${head} · broken off after ${elapsed()}: ${error.message}`, true);
    }
    this.view.scrollIntoView({ block: "nearest" });
  }

  #say(text, failed = false) {
    this.#status.textContent = text;
    this.#status.classList.toggle("failed", failed);
  }
}
