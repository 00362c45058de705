/** A conversation with a gateway from a page, by the Connect protocol: answers appear as they are made. */

import { failureOf } from "polygate-client/failure";
import { connect } from "polygate-client/web";

const polygate = connect({ baseUrl: import.meta.env.VITE_POLYGATE_URL ?? "http://localhost:8080" });

const turns = document.querySelector("#turns") as HTMLElement;
const form = document.querySelector("form") as HTMLFormElement;
const input = form.elements.namedItem("message") as HTMLInputElement;
const stop = document.querySelector("#stop") as HTMLButtonElement;

/** The conversation so far; the gateway keeps none of it. */
const messages: { role: "user" | "assistant"; content: string }[] = [];
let leave = new AbortController();

function paragraph(role: string, text = ""): HTMLParagraphElement {
  const turn = document.createElement("p");
  turn.className = role;
  turn.textContent = text;
  turns.append(turn);
  return turn;
}

/** Adds a turn of the model to the page, and to the conversation once it is whole. */
async function answer(): Promise<void> {
  const turn = paragraph("assistant");
  leave = new AbortController();
  stop.disabled = false;
  try {
    const { signal } = leave;
    for await (const { delta } of polygate.chat.streamChat({ messages }, { signal }))
      turn.append(delta);
    messages.push({ role: "assistant", content: turn.textContent ?? "" });
  } catch (thrown) {
    // A question without its answer is not asked again with the next one.
    messages.pop();
    const { reason, message } = failureOf(thrown);
    if (!leave.signal.aborted)
      paragraph("failure", `${reason}: ${message}`).setAttribute("role", "alert");
  } finally {
    stop.disabled = true;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!stop.disabled) return;
  messages.push({ role: "user", content: input.value });
  paragraph("user", input.value);
  form.reset();
  void answer();
});
stop.addEventListener("click", () => leave.abort());
