/** A console for every method: its requests as JSON, its answer or its stream message by message. */

import type { DescMethod } from "@bufbuild/protobuf";
import { type SubmitEvent, useEffect, useRef, useState } from "react";
import { useParam } from "#web/data/address.tsx";
import { type Call, callMethod } from "#web/pages/call-method.ts";
import { CallView, RequestText } from "#web/pages/call-view.tsx";
import { methods, sampleOf, scopeOf, takesStream } from "#web/pages/methods.ts";
import { StreamForm } from "#web/pages/stream-form.tsx";
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
        <Method key={chosen} method={method} />
      )}
    </div>
  );
}

function Method({ method }: { readonly method: DescMethod }) {
  return (
    <section className="panel" aria-labelledby="method">
      <div className="panel-head">
        <h2 id="method" className="mono">
          {method.parent.typeName}/{method.name}
        </h2>
        <span className="small">{scopeOf(method)}</span>
      </div>
      {takesStream(method) ? <StreamForm method={method} /> : <MethodForm method={method} />}
    </section>
  );
}

/** A call of one request. */
function MethodForm({ method }: { readonly method: DescMethod }) {
  const [text, setText] = useState(() => JSON.stringify(sampleOf(method.input), null, 2));
  const [deadline, setDeadline] = useState("");
  const [call, setCall] = useState<Call>();
  const stopping = useRef<AbortController>(undefined);
  useEffect(() => () => stopping.current?.abort(), []);
  const isBusy = call !== undefined && call.tookMs === undefined;
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const controller = new AbortController();
    stopping.current = controller;
    const options = {
      signal: controller.signal,
      ...(Number(deadline) > 0 && { timeoutMs: Number(deadline) }),
    };
    void callMethod(method, text, options, setCall);
  };
  return (
    <>
      <form className="call" onSubmit={submit}>
        <RequestText method={method} text={text} change={setText} />
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
      {call !== undefined && <CallView call={call} />}
    </>
  );
}
