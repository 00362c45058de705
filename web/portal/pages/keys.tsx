/** Keys and limits: who may call, what was spent, and what is left. */

import { timestampMs } from "@bufbuild/protobuf/wkt";
import { useMutation } from "@connectrpc/connect-query";
import { useState } from "react";
import { type Key, KeysService } from "#gen/polygate/v1/keys_pb.js";
import { type Limit, LimitsService } from "#gen/polygate/v1/limits_pb.js";
import { age, count, dateAndTime, dollars } from "#web/data/format.ts";
import { useRead } from "#web/data/refresh.ts";
import { queryClient } from "#web/data/transport.ts";
import { budgetOf, Usage } from "#web/pages/key-usage.tsx";
import { NewKey, Secret } from "#web/pages/new-key.tsx";
import { Problem } from "#web/parts/problem.tsx";
import { Region } from "#web/parts/region.tsx";
import { State } from "#web/parts/state.tsx";
import { Table } from "#web/parts/table.tsx";

/** All of it. */
export function Keys() {
  return (
    <>
      <KeyList />
      <Usage />
      <Limits />
    </>
  );
}

const words = (list: readonly string[] | undefined, none: string) =>
  list === undefined || list.length === 0 ? none : list.join(", ");

function KeyList() {
  const read = useRead(KeysService.method.listKeys, { includeRevoked: true });
  const [secret, setSecret] = useState<{ readonly name: string; readonly text: string }>();
  const onSuccess = () => queryClient.invalidateQueries();
  const rotate = useMutation(KeysService.method.rotateKey, {
    onSuccess({ key, secret: text }) {
      setSecret({ name: key?.spec?.name ?? "", text });
      return onSuccess();
    },
  });
  const revoke = useMutation(KeysService.method.revokeKey, { onSuccess });
  const failed = [rotate, revoke].find(({ isError }) => isError);
  const actions = ({ id, spec, state, source }: Key) =>
    source === "store" &&
    state === "active" && (
      <span className="row">
        <button
          type="button"
          aria-label={`Rotate ${spec?.name}`}
          disabled={rotate.isPending}
          onClick={() =>
            confirm(`Give ${spec?.name} a new text? The one before works for a day longer.`) &&
            rotate.mutate({ key: id })
          }
        >
          Rotate
        </button>
        <button
          type="button"
          className="danger"
          aria-label={`Revoke ${spec?.name}`}
          disabled={revoke.isPending}
          onClick={() => confirm(`Revoke ${spec?.name} permanently?`) && revoke.mutate({ key: id })}
        >
          Revoke
        </button>
      </span>
    );
  return (
    <section className="panel" aria-labelledby="keys">
      <div className="panel-head">
        <h2 id="keys">Keys</h2>
        <NewKey done={(name, text) => setSecret({ name, text })} />
      </div>
      {secret !== undefined && <Secret {...secret} close={() => setSecret(undefined)} />}
      {failed !== undefined && <Problem error={failed.error} />}
      <Region
        read={read}
        isEmpty={({ keys }) => keys.length === 0}
        empty="No key was made yet. Keys of the configuration are there, under Configuration."
      >
        {({ keys }) => (
          <Table
            label="Keys"
            rows={keys}
            keyOf={({ id, spec }) => `${id} ${spec?.name}`}
            columns={[
              {
                head: "Name",
                cell: ({ spec }) => spec?.name,
                sortBy: ({ spec }) => spec?.name ?? "",
              },
              { head: "State", cell: ({ state }) => <State state={state} /> },
              { head: "Begins", cell: ({ prefix }) => <code>{prefix || "–"}</code> },
              { head: "Scopes", cell: ({ spec }) => words(spec?.scopes, "calls alone") },
              { head: "Models", cell: ({ spec }) => words(spec?.models, "all") },
              { head: "Budget", cell: ({ spec }) => budgetOf(spec?.allowance?.budget) },
              {
                head: "Last used",
                cell: ({ lastUseTime: at }) =>
                  at === undefined ? (
                    "never"
                  ) : (
                    <span title={dateAndTime(at)}>{age(timestampMs(at))} ago</span>
                  ),
              },
              {
                head: "Ends",
                cell: ({ spec }) => (spec?.expireTime ? dateAndTime(spec.expireTime) : "never"),
              },
              { head: "Act", cell: actions },
            ]}
          />
        )}
      </Region>
    </section>
  );
}

function Limits() {
  const read = useRead(LimitsService.method.listLimits);
  const reset = useMutation(LimitsService.method.resetLimit, {
    onSuccess: () => queryClient.invalidateQueries(),
  });
  return (
    <section className="panel" aria-labelledby="limits">
      <h2 id="limits">Limits that calls met lately</h2>
      {reset.isError && <Problem error={reset.error} />}
      <Region
        read={read}
        isEmpty={({ limits }) => limits.length === 0}
        empty="No call met a limit. None may be set: see rate_limiting under Configuration."
      >
        {({ limits, leftOut }) => (
          <>
            <Table
              label="Limits"
              rows={limits}
              keyOf={({ tier, name, unit, period }) => `${tier} ${name} ${unit} ${period}`}
              columns={[
                { head: "Of", cell: ({ tier, name }: Limit) => `${tier} ${name}` },
                { head: "Left", cell: (limit) => <Fill limit={limit} /> },
                {
                  head: "Comes back",
                  cell: ({ perMinute, period }) => period || `${count(perMinute)} a minute`,
                },
                {
                  head: "Act",
                  cell: ({ tier, name }) => (
                    <button
                      type="button"
                      aria-label={`Fill ${tier} ${name}`}
                      disabled={reset.isPending}
                      onClick={() => reset.mutate({ tier, name })}
                    >
                      Fill
                    </button>
                  ),
                },
              ]}
            />
            {leftOut > 0 && <p className="small">{count(leftOut)} more are left out.</p>}
          </>
        )}
      </Region>
    </section>
  );
}

/** What is left of a limit, as a bar and in numbers. */
function Fill({ limit: { remaining, limit, unit } }: { readonly limit: Limit }) {
  const left = Math.max(0, remaining);
  const text =
    unit === "usd"
      ? `${dollars(left)} of ${dollars(limit)}`
      : `${count(left)} of ${count(limit)} ${unit}`;
  return (
    <>
      <meter min={0} max={limit} low={limit * 0.2} value={left} aria-label={text} /> {text}
    </>
  );
}
