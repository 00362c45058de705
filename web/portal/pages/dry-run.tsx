/** Where a chat would go now, and where it would go by other weights. Nothing is sent anywhere. */

import { useDeferredValue } from "react";
import {
  type RoutingCandidate,
  RoutingService,
  type SelectProviderResponse,
} from "#gen/polygate/v1/routing_pb.js";
import { useParam } from "#web/data/address.tsx";
import { useRead } from "#web/data/refresh.ts";
import { Candidates, Excluded } from "#web/parts/decision.tsx";
import { Region } from "#web/parts/region.tsx";

const weightNames = ["cost", "latency", "reliability", "load", "priority"] as const;

/** A number of the address; nothing where there is none. */
function numberOf(text: string): number | undefined {
  const value = Number(text);
  return text === "" || !Number.isFinite(value) || value < 0 ? undefined : value;
}

function useWeights() {
  const [text, setText] = useParam("weights");
  const parts = text.split(",");
  const weights = Object.fromEntries(
    weightNames.map((name, index) => [name, numberOf(parts[index] ?? "")]),
  );
  const set = (name: string, value: string) => {
    const next = weightNames.map((other, index) => (other === name ? value : (parts[index] ?? "")));
    setText(next.every((part) => part === "") ? "" : next.join(","));
  };
  return { weights, set, clear: () => setText(""), isSet: text !== "" };
}

function useRequest() {
  const [modelType] = useParam("type");
  const [model] = useParam("model");
  const [preferredProvider] = useParam("preferred");
  const [maxCost] = useParam("maxCost");
  const [maxLatency] = useParam("maxLatency");
  const [maxTokens] = useParam("maxTokens");
  const { weights, isSet } = useWeights();
  const tokens = numberOf(maxTokens);
  const given = <K extends string>(name: K, value: number | undefined) =>
    value === undefined ? {} : ({ [name]: value } as Record<K, number>);
  return {
    modelType,
    model,
    preferredProvider,
    ...given("maxCost", numberOf(maxCost)),
    ...given("maxLatency", numberOf(maxLatency)),
    ...given("maxTokens", tokens === undefined ? undefined : Math.max(1, Math.round(tokens))),
    ...(isSet && {
      weights: Object.fromEntries(
        Object.entries(weights).filter(([, value]) => value !== undefined),
      ),
    }),
  };
}

interface FieldProps {
  readonly name: string;
  readonly words: string;
  readonly isNumber?: boolean;
  readonly hint?: string;
}

function Field({ name, words, isNumber, hint }: FieldProps) {
  const [value, set] = useParam(name);
  return (
    <label>
      {words}
      <input
        value={value}
        size={isNumber ? 8 : 14}
        maxLength={128}
        placeholder={hint}
        inputMode={isNumber ? "decimal" : "text"}
        onChange={({ target }) => set(target.value.trim())}
      />
    </label>
  );
}

function Weights() {
  const { weights, set, clear, isSet } = useWeights();
  return (
    <fieldset className="row weights">
      <legend>Weights</legend>
      {weightNames.map((name) => (
        <label key={name}>
          {name}
          <input
            type="number"
            min={0}
            max={1_000_000}
            step={5}
            value={weights[name] ?? ""}
            placeholder="set"
            onChange={({ target }) => set(name, target.value)}
          />
        </label>
      ))}
      <button type="button" disabled={!isSet} onClick={clear}>
        As configured
      </button>
    </fieldset>
  );
}

/** The form and what comes of it. */
export function DryRun() {
  const [type, setType] = useParam("type");
  const request = useDeferredValue(useRequest());
  const read = useRead(RoutingService.method.selectProvider, request);
  return (
    <section className="panel" aria-labelledby="dry-run">
      <div className="panel-head">
        <h2 id="dry-run">Where would a chat go?</h2>
        <span className="small">Nothing is sent. Weights are tried here alone.</span>
      </div>
      <div className="row">
        <label>
          For
          <select value={type} onChange={({ target }) => setType(target.value)}>
            <option value="">chat</option>
            <option value="vision">vision</option>
            <option value="reasoning">reasoning</option>
            <option value="artifact">artifact</option>
          </select>
        </label>
        <Field name="model" words="Model or route" hint="none named" />
        <Field name="preferred" words="Preferred provider" />
        <Field name="maxCost" words="Most dollars a token" isNumber />
        <Field name="maxLatency" words="Most milliseconds" isNumber />
        <Field name="maxTokens" words="Tokens to write" isNumber hint="512" />
      </div>
      <Weights />
      <Region read={read} lines={5}>
        {(data) => <Outcome data={data} />}
      </Region>
    </section>
  );
}

function Outcome({ data }: { readonly data: SelectProviderResponse }) {
  const { provider, endpoint, model, score, terms, bonus, strategy, reason } = data;
  const first = { provider, endpoint, model, score, terms, bonus } as RoutingCandidate;
  return (
    <>
      <p>
        <b>{provider}</b> {model !== "" && <span className="mono">{model}</span>}: {reason}.{" "}
        <span className="dim">Strategy {strategy.replaceAll("_", " ")}.</span>
      </p>
      <Candidates candidates={[first, ...data.alternatives]} chosen={`${provider} ${endpoint}`} />
      <Excluded excluded={data.excluded} />
    </>
  );
}
