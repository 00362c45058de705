/** One turn of a conversation, and the form that a tool's result is given with. */

import { type SubmitEvent, useId } from "react";
import { Link } from "#web/data/address.tsx";
import { dollars, duration } from "#web/data/format.ts";
import type { Call, Facts, Turn } from "#web/pages/conversation.ts";
import { Problem } from "#web/parts/problem.tsx";

const speakers = { user: "You", assistant: "Answer", tool: "Result of the tool" };

/** A turn; while it grows, it says so. */
export function TurnView({
  turn,
  isGrowing,
}: {
  readonly turn: Turn;
  readonly isGrowing: boolean;
}) {
  const { role, text, pictures, calls, facts, error } = turn;
  return (
    <article className={`turn ${role}`} aria-busy={isGrowing}>
      <h2>{speakers[role]}</h2>
      {pictures.map(({ url, name }) => (
        <img key={url} src={url} alt={name} />
      ))}
      {calls.map((call) => (
        <CallView key={call.id} call={call} />
      ))}
      {text !== "" && <p className="text">{text}</p>}
      {isGrowing && text === "" && <p className="dim">Waiting for the first piece…</p>}
      {facts !== undefined && <FactsLine facts={facts} />}
      {error !== undefined && <Problem error={error} />}
    </article>
  );
}

function CallView({ call }: { readonly call: Call }) {
  return (
    <details>
      <summary>
        Tool {call.name}
        {call.result === "" ? ", to be run by you" : ""}
      </summary>
      <dl className="facts">
        <dt>Arguments</dt>
        <dd>
          <code>{call.arguments}</code>
        </dd>
        {call.result !== "" && (
          <>
            <dt>Result</dt>
            <dd>
              <code>{call.result}</code>
            </dd>
          </>
        )}
      </dl>
    </details>
  );
}

function FactsLine({ facts }: { readonly facts: Facts }) {
  const { requestId, model, firstMs, totalMs, tokens, cost, finish } = facts;
  const words = [
    model,
    firstMs !== undefined && `first piece ${duration(firstMs)}`,
    `whole ${duration(totalMs)}`,
    tokens > 0 && `${tokens} tokens`,
    cost > 0 && dollars(cost),
    finish !== "stop" && finish !== "" && `ended for ${finish.replace("_", " ")}`,
  ];
  return (
    <p className="small">
      {words.filter(Boolean).join(" · ")}
      {requestId !== "" && (
        <>
          {" · "}
          <Link href={`/requests?id=${encodeURIComponent(requestId)}`}>its request</Link>
        </>
      )}
    </p>
  );
}

/** Asks for what a tool returned. */
export function ToolResult(props: { readonly call: Call; readonly give: (text: string) => void }) {
  const { call, give } = props;
  const id = useId();
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    give(String(new FormData(event.currentTarget).get("result")));
  };
  return (
    <form className="turn tool" onSubmit={submit}>
      <label htmlFor={id}>
        The model calls <b>{call.name}</b> with <code>{call.arguments}</code>. What does it return?
      </label>
      <textarea id={id} name="result" rows={2} required />
      <button type="submit" className="primary">
        Give the result
      </button>
    </form>
  );
}
