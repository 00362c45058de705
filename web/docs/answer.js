/** Shows the answer to a tried request, streams as they come. */

import { element } from "./element.js";

/** Pretty where it is one JSON value; streams and other texts as they are. */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Text is shown; an image too; anything else can only be saved. */
async function showBytes(response, type, pane) {
  const blob = await response.blob();
  const url = URL.createObjectURL(blob);
  const picture = type.startsWith("image/") ? [element("img", { src: url, alt: "" })] : [];
  const link = element("a", { href: url, download: "" }, `Save ${blob.size} bytes`);
  pane.replaceChildren(...picture, link);
}

async function showText(response, type, pane) {
  const shown = element("pre", { "aria-live": "polite" });
  pane.replaceChildren(shown);
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    shown.append(piece);
    shown.scrollTop = shown.scrollHeight;
  }
  if (type === "application/json") shown.textContent = pretty(text);
}

/** The place for answers: `show` runs `send(signal)` and shows what comes; `stop` ends it. */
export class Answer {
  #status = element("p", { class: "status" }, "Not tried yet.");
  #pane = element("div");
  #stopping = new AbortController();
  /** To be put into the page. */
  view = element("section", { class: "answer" }, this.#status, this.#pane);

  stop() {
    this.#stopping.abort();
  }

  async show(send) {
    this.#stopping = new AbortController();
    this.#say("Waiting…");
    this.#pane.replaceChildren();
    const startMs = performance.now();
    const elapsed = () => `${Math.round(performance.now() - startMs)} ms`;
    let head = "";
    try {
      const response = await send(this.#stopping.signal);
      const type = (response.headers.get("content-type") ?? "").split(";")[0];
      head = `${response.status} ${response.statusText} · ${type}`;
      this.#say(`${head} · ${elapsed()} …`, !response.ok);
      const isText = type === "" || /json|^text\//.test(type);
      await (isText ? showText : showBytes)(response, type, this.#pane);
      this.#say(`${head} · ${elapsed()}`, !response.ok);
    } catch (error) {
      if (this.#stopping.signal.aborted)
        this.#say(`${head || "Stopped"} · stopped after ${elapsed()}`);
      else this.#say(`No answer: ${error.message}`, true);
    }
  }

  #say(text, failed = false) {
    this.#status.textContent = text;
    this.#status.classList.toggle("failed", failed);
  }
}
