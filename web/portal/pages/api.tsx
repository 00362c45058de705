/** A console for every method: its request as JSON, its answer or its stream message by message. */

import type { DescMethod } from "@bufbuild/protobuf";
import { type SubmitEvent, useEffect, useRef, useState } from "react";
import { useParam } from "#web/data/address.tsx";
import { duration } from "#web/data/format.ts";
import { type Call, callMethod } from "#web/pages/call-method.ts";
import { methods, sampleOf, scopeOf } from "#web/pages/methods.ts";
import { Problem } from "#web/parts/problem.tsx";
import "#web/styles/api.css";

const nameOf = (method: DescMethod) => `${method.parent.name}.${method.name}`;

/** All of it. */
export function Api() {
  const [chosen, choose] = useParam("method", "HealthService.GetHealth");
  const [filter, setFilter] = useParam("filter");
  const method = methods.find((one) => nameOf(one) === chosen);
  const shown = methods.filter((one) => nameOf(one).toLowerCase().includes(filter.toLowerCase()));
  return (
    <div className="api">
      <section className="panel" aria-label="Methods">
        <label>
          Filter
          <input
            data-filter
            value={filter}
            maxLength={128}
            onChange={({ target }) => setFilter(target.value)}
          />
        </label>
        {shown.length === 0 && <p className="empty">No method fits this filter.</p>}
        <ul className="methods">
          {shown.map((one, index) => (
            <li key={nameOf(one)}>
              {shown[index - 1]?.parent !== one.parent && <h2>{one.parent.name}</h2>}
              <button
                type="button"
                className="link"
                aria-pressed={one === method}
                onClick={() => choose(nameOf(one))}
              >
                {one.name}
                {one.methodKind === "unary" ? "" : " (stream)"}
              </button>
            </li>
          ))}
        </ul>
      </section>
      {method === undefined ? (
        <p className="empty">There is no method of this name.</p>
      ) : (
        <MethodForm key={chosen} method={method} />
      )}
    </div>
  );
}

function MethodForm({ method }: { readonly method: DescMethod }) {
  const [text, setText] = useState(() => JSON.stringify(sampleOf(method.input), null, 2));
  const [deadline, setDeadline] = useState("");
  const [call, setCall] = useState<Call>();
  const stopping = useRef<AbortController>(undefined);
  useEffect(() => () => stopping.current?.abort(), []);
  const isBusy = call !== undefined && call.tookMs === undefined;
  const takesStream =
    method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const controller = new AbortController();
    stopping.current = controller;
    const options = {
      signal: controller.signal,
      ...(Number(deadline) > 0 && { timeoutMs: Number(deadline) }),
    };
    void callMethod(method, text, options, setCall);
  };
  return (
    <section className="panel" aria-labelledby="method">
      <div className="panel-head">
        <h2 id="method" className="mono">
          {method.parent.typeName}/{method.name}
        </h2>
        <span className="small">{scopeOf(method)}</span>
      </div>
      {takesStream ? (
        <p className="empty">
          It takes a stream of requests, which browsers cannot send. gRPC clients can, such as
          grpcurl.
        </p>
      ) : (
        <form className="call" onSubmit={submit}>
          <label>
            {method.input.name} as JSON
            <textarea
              className="mono"
              rows={Math.min(20, text.split("\n").length + 1)}
              value={text}
              spellCheck={false}
              onChange={({ target }) => setText(target.value)}
            />
          </label>
          <p className="row">
            {isBusy ? (
              // A node of its own: one that became the other while it is clicked would send the form.
              <button
                key="stop"
                type="button"
                className="primary"
                onClick={() => stopping.current?.abort()}
              >
                Stop
              </button>
            ) : (
              <button key="call" type="submit" className="primary">
                Call
              </button>
            )}
            <label>
              Deadline in milliseconds
              <input
                type="number"
                min={1}
                value={deadline}
                placeholder="none"
                onChange={({ target }) => setDeadline(target.value)}
              />
            </label>
          </p>
        </form>
      )}
      {call !== undefined && <Answer call={call} />}
    </section>
  );
}

function Answer({
  call: { messages, dropped, requestId, tookMs, error },
}: {
  readonly call: Call;
}) {
  return (
    <div className="call" aria-live="polite">
      <p className="small">
        {tookMs === undefined ? "In progress" : `Ended after ${duration(tookMs)}`}
        {requestId !== "" && ` · ${requestId}`}
        {dropped > 0 && ` · ${dropped} earlier messages are not shown`}
      </p>
      {error !== undefined && <Problem error={error} />}
      {messages.map(({ number, json }) => (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <pre key={number} tabIndex={0}>
          {json}
        </pre>
      ))}
    </div>
  );
}
