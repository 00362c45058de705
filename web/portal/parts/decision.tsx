/** Why a call went where it did: each candidate's score by its terms, and who was out. */

import type {
  ExcludedEndpoint,
  RoutingCandidate,
  RoutingDecision,
  ScoreTerm,
} from "#gen/polygate/v1/routing_pb.js";
import { dollars, duration, percent } from "#web/data/format.ts";
import "#web/styles/decision.css";

const termNames = ["cost", "latency", "reliability", "load", "priority"] as const;

/** What was measured, in the unit of the term. */
function rawWords(name: string, { raw }: ScoreTerm): string {
  if (raw === undefined) return "not measured";
  if (name === "cost") return dollars(raw);
  if (name === "latency") return duration(raw);
  if (name === "reliability") return percent(raw);
  return String(raw);
}

/** Candidates with a bar each, whose pieces are the terms of its score. */
export function Candidates(props: {
  readonly candidates: readonly RoutingCandidate[];
  readonly chosen: string;
}) {
  const { candidates, chosen } = props;
  return (
    <ul className="candidates">
      {candidates.map(({ provider, endpoint, model, score, terms, bonus }) => (
        <li key={`${provider} ${endpoint} ${model}`}>
          <p>
            <b>{provider}</b>{" "}
            <span className="dim">
              {[endpoint, model].filter((word) => word && word !== provider).join(" · ")}
            </span>
            {`${provider} ${endpoint}` === chosen && <span className="ok"> chosen</span>}
            <span className="score">{score === undefined ? "not scored" : score.toFixed(3)}</span>
          </p>
          {score !== undefined && (
            <>
              <div className="score-bar" aria-hidden="true">
                {termNames.map((name) => {
                  const term = terms[name];
                  return (
                    term !== undefined && (
                      <i
                        key={name}
                        className={`term-${name}`}
                        style={{ width: `${term.score * term.weight * 100}%` }}
                      />
                    )
                  );
                })}
                {bonus > 0 && <i className="term-bonus" style={{ width: `${bonus * 100}%` }} />}
              </div>
              <ul className="terms">
                {termNames.map((name) => {
                  const term = terms[name];
                  return (
                    term !== undefined && (
                      <li key={name}>
                        <i className={`term-${name}`} /> {name}{" "}
                        {(term.score * term.weight).toFixed(3)}{" "}
                        <span className="dim">
                          {rawWords(name, term)}, weight {percent(term.weight)}
                        </span>
                      </li>
                    )
                  );
                })}
                {bonus > 0 && (
                  <li>
                    <i className="term-bonus" /> preferred {bonus.toFixed(3)}
                  </li>
                )}
              </ul>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Who was out, and why. */
export function Excluded({ excluded }: { readonly excluded: readonly ExcludedEndpoint[] }) {
  if (excluded.length === 0) return null;
  return (
    <ul className="excluded">
      {excluded.map(({ provider, endpoint, model, reason, detail }) => (
        <li key={`${provider} ${endpoint} ${model}`}>
          <b>{provider}</b> <span className="dim">{endpoint === provider ? "" : endpoint}</span> was
          out: <span className="warn">{reason.replaceAll("_", " ")}</span>
          {detail !== "" && <span className="dim"> ({detail})</span>}
        </li>
      ))}
    </ul>
  );
}

const decidedWords: Readonly<Record<string, string>> = {
  strategy: "the strategy decided",
  affinity: "its session belongs there",
  exploration: "now and then any endpoint is asked, so that none is forgotten",
  trial: "it may have recovered, and was tried",
  only_one: "it was the only one that was left",
};

/** One decision in full. */
export function Decision({ decision }: { readonly decision: RoutingDecision }) {
  const { route, strategy, decidedBy, provider, endpoint, candidates, excluded } = decision;
  return (
    <div className="decision">
      <p>
        Route <b>{route || "default"}</b>, strategy <b>{strategy}</b>:{" "}
        {decidedWords[decidedBy] ?? decidedBy}.
      </p>
      <Candidates candidates={candidates} chosen={`${provider} ${endpoint}`} />
      <Excluded excluded={excluded} />
    </div>
  );
}
