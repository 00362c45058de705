/** One call: its tries over time, why each went where it did, and what was asked and answered. */

import { useEffect, useRef } from "react";
import type { RequestAttempt, RequestEntry } from "#gen/polygate/v1/requests_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { dateAndTime, dollars, duration } from "#web/data/format.ts";
import { useRead } from "#web/data/refresh.ts";
import { CopyBlock } from "#web/parts/copy-block.tsx";
import { Decision } from "#web/parts/decision.tsx";
import { Region } from "#web/parts/region.tsx";
import { State } from "#web/parts/state.tsx";

interface Props {
  readonly requestId: string;
  readonly close: () => void;
}

/** The call of this id. */
export function RequestDetail({ requestId, close }: Props) {
  const read = useRead(RequestsService.method.getRequest, { requestId }, { isFixed: true });
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another call is another head to begin at
  useEffect(() => heading.current?.focus(), [requestId]);
  return (
    <section
      className="panel"
      aria-labelledby="call"
      onKeyDown={({ key }) => key === "Escape" && close()}
    >
      <div className="panel-head">
        <h2 id="call" ref={heading} tabIndex={-1} className="mono">
          {requestId}
        </h2>
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
      <Region read={read} lines={10}>
        {({ request, attempts, requestBody, responseBody }) =>
          request !== undefined && (
            <>
              <Waterfall request={request} attempts={attempts} />
              <Facts request={request} />
              {attempts.map(
                ({ decision }, index) =>
                  decision !== undefined && (
                    <details key={`${decision.attempt} ${decision.endpoint}`}>
                      <summary>
                        Why try {index + 1} went to {decision.provider}
                      </summary>
                      <Decision decision={decision} />
                    </details>
                  ),
              )}
              {requestBody !== undefined && (
                <CopyBlock
                  label={requestBody.truncated ? "asked (cut)" : "asked"}
                  text={pretty(requestBody.json)}
                />
              )}
              {responseBody !== undefined && (
                <CopyBlock
                  label={responseBody.truncated ? "answered (cut)" : "answered"}
                  text={pretty(responseBody.json)}
                />
              )}
              {requestBody === undefined && responseBody === undefined && (
                <p className="small">
                  Bodies are not captured; <code>requests.capture</code> in the configuration does.
                </p>
              )}
            </>
          )
        }
      </Region>
    </section>
  );
}

/** JSON with indents; as it is, where it was cut. */
function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

/** A part of a try, as a share of the whole call. */
interface Bar {
  readonly kind: "wait" | "body" | "failed";
  readonly from: number;
  readonly to: number;
}

/** A try waits for its first message, and then goes on to its end. */
function barsOf({ startMs, durationMs, firstMessageMs, outcome }: RequestAttempt): readonly Bar[] {
  const end = startMs + durationMs;
  const kind = outcome === "OK" ? "body" : "failed";
  if (firstMessageMs === undefined) return [{ kind, from: startMs, to: end }];
  const first = startMs + firstMessageMs;
  return [
    { kind: "wait", from: startMs, to: first },
    { kind, from: first, to: end },
  ];
}

function Waterfall(props: {
  readonly request: RequestEntry;
  readonly attempts: readonly RequestAttempt[];
}) {
  const { request, attempts } = props;
  const wholeMs = Math.max(request.durationMs, 0.001);
  const ordered = attempts.toSorted((a, b) => a.startMs - b.startMs);
  const own = Math.max(0, request.durationMs - request.upstreamMs);
  return (
    <figure className="waterfall">
      <figcaption>
        {duration(request.durationMs)} in all: {duration(request.upstreamMs)} upstream
        {request.queueMs > 0 && `, of which ${duration(request.queueMs)} in line`}, {duration(own)}{" "}
        the gateway's own
      </figcaption>
      <ol>
        <li>
          <span className="who">whole call</span>
          <span className="track">
            <i className="whole" style={{ left: 0, width: "100%" }} />
          </span>
          <span className="number">{duration(request.durationMs)}</span>
        </li>
        {ordered.map((attempt) => (
          <li key={`${attempt.startMs} ${attempt.provider} ${attempt.endpoint}`}>
            <span className="who">
              {attempt.provider} <span className="dim">{attempt.model || attempt.endpoint}</span>
            </span>
            <span className="track">
              {barsOf(attempt).map(({ kind, from, to }) => (
                <i
                  key={kind}
                  className={kind}
                  style={{
                    left: `${(from / wholeMs) * 100}%`,
                    width: `max(2px, ${((to - from) / wholeMs) * 100}%)`,
                  }}
                />
              ))}
            </span>
            <span className="number">
              {attempt.outcome !== "OK" && <State state="failed" words={attempt.outcome} />}{" "}
              {attempt.firstMessageMs !== undefined &&
                `first ${duration(attempt.firstMessageMs)}, `}
              {duration(attempt.durationMs)}
            </span>
          </li>
        ))}
      </ol>
      {attempts.length === 0 && <p className="small">It was answered without a backend.</p>}
    </figure>
  );
}

function Facts({ request }: { readonly request: RequestEntry }) {
  const rows: readonly (readonly [string, React.ReactNode])[] = [
    [
      "Status",
      <State
        key="state"
        state={request.code === "OK" ? "OK" : "failed"}
        words={`${request.code}, HTTP ${request.httpStatus}`}
      />,
    ],
    ["Failure", request.error],
    ["Reason", request.reason && `${request.reason}, the ${request.blame}'s fault`],
    ["Arrived", dateAndTime(request.startTime)],
    ["Method", request.procedure],
    ["Endpoint", `${request.endpoint} (${request.surface}, listener ${request.listener})`],
    ["Caller", `${request.principal} from ${request.clientAddress}`],
    ["Model", request.model],
    [
      "Tokens",
      request.promptTokens + request.completionTokens > 0 &&
        `${request.promptTokens} read, ${request.completionTokens} written, ${dollars(request.cost)}`,
    ],
    ["Trace", request.traceId],
  ];
  return (
    <dl className="facts">
      {rows
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
