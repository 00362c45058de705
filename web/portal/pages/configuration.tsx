/** The settings that are in force, each with where it comes from; and reading them again. */

import { useMutation } from "@connectrpc/connect-query";
import { type ConfigOutcome, ConfigService, type ConfigValue } from "#gen/polygate/v1/config_pb.js";
import { useParam } from "#web/data/address.tsx";
import { dateAndTime } from "#web/data/format.ts";
import { useRead } from "#web/data/refresh.ts";
import { queryClient } from "#web/data/transport.ts";
import { Problem } from "#web/parts/problem.tsx";
import { Region } from "#web/parts/region.tsx";
import { Table } from "#web/parts/table.tsx";

/** All of it. */
export function Configuration() {
  return (
    <>
      <Status />
      <Values />
    </>
  );
}

const resultWords: Readonly<Record<string, string>> = {
  ok: "sound",
  unchanged: "unchanged",
  invalid: "not sound: what was in force stays",
  restart_needed: "needs a restart: what was in force stays",
  failed: "could not be built: what was in force stays",
};

function Outcome({ outcome }: { readonly outcome: ConfigOutcome }) {
  const { result, problems, restartSettings } = outcome;
  const isFine = result === "ok" || result === "unchanged";
  return (
    <div role="status">
      <p className={isFine ? "ok" : "bad"}>{resultWords[result] ?? result}</p>
      <ul className="mono">
        {[...problems, ...restartSettings.map((path) => `${path} needs a restart`)].map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
}

function Status() {
  const read = useRead(ConfigService.method.getConfigStatus);
  const check = useMutation(ConfigService.method.checkConfig);
  const reload = useMutation(ConfigService.method.reloadConfig, {
    onSuccess: () => queryClient.invalidateQueries(),
  });
  const failed = [check, reload].find(({ isError }) => isError);
  const outcome = reload.data?.outcome ?? check.data?.outcome;
  return (
    <section className="panel" aria-labelledby="status">
      <h2 id="status">In force</h2>
      <Region read={read}>
        {(data) => (
          <>
            <dl className="facts">
              <dt>File</dt>
              <dd>
                {data.file || "none"}
                {data.file !== "" && (data.watchesFiles ? ", watched" : ", not watched")}
              </dd>
              <dt>Taken</dt>
              <dd>
                {dateAndTime(data.takeTime)}, generation {data.generation}
              </dd>
              <dt>Hash</dt>
              <dd className="mono">{data.hash}</dd>
              {data.lastOutcome !== undefined && (
                <>
                  <dt>Last reading</dt>
                  <dd>
                    {dateAndTime(data.lastOutcomeTime)}, for a {data.lastCause}:{" "}
                    {resultWords[data.lastOutcome.result] ?? data.lastOutcome.result}
                    {data.lastOutcome.problems.map((problem) => (
                      <div key={problem} className="mono bad">
                        {problem}
                      </div>
                    ))}
                  </dd>
                </>
              )}
            </dl>
            <p className="row">
              <button type="button" disabled={check.isPending} onClick={() => check.mutate({})}>
                Check what a reload would do
              </button>
              <button
                type="button"
                disabled={reload.isPending}
                onClick={() =>
                  confirm("Serve by the configuration as it is on disk now?") && reload.mutate({})
                }
              >
                Reload
              </button>
            </p>
            {failed !== undefined && <Problem error={failed.error} />}
            {outcome !== undefined && <Outcome outcome={outcome} />}
          </>
        )}
      </Region>
    </section>
  );
}

function Source({ source }: { readonly source: string }) {
  return source === "default" ? <span className="dim">default</span> : <code>{source}</code>;
}

function Values() {
  const [filter, setFilter] = useParam("filter");
  const [shown, setShown] = useParam("shown", "all");
  const read = useRead(ConfigService.method.getConfig);
  const fits = ({ path, value, source }: ConfigValue) =>
    (shown === "all" || source !== "default") &&
    [path, value, source].some((word) => word.toLowerCase().includes(filter.toLowerCase()));
  return (
    <section className="panel" aria-labelledby="values">
      <div className="panel-head">
        <h2 id="values">Settings</h2>
        <search className="row">
          <label>
            Filter
            <input
              data-filter
              value={filter}
              maxLength={128}
              onChange={({ target }) => setFilter(target.value)}
            />
          </label>
          <label>
            <input
              type="checkbox"
              checked={shown === "set"}
              onChange={({ target }) => setShown(target.checked ? "set" : "all")}
            />
            Differs from the default
          </label>
        </search>
      </div>
      <Region
        read={read}
        lines={16}
        isEmpty={({ values }) => !values.some(fits)}
        empty={
          filter === ""
            ? "All settings are as they are by default."
            : "No setting fits this filter."
        }
      >
        {({ values }) => (
          <Table
            label="Settings"
            rows={values.filter(fits)}
            keyOf={({ path }) => path}
            columns={[
              {
                head: "Setting",
                cell: ({ path }) => <code>{path}</code>,
                sortBy: ({ path }) => path,
              },
              {
                head: "Value",
                cell: ({ value }) => (
                  <span className="value">
                    {value === "" ? <span className="dim">empty</span> : value}
                  </span>
                ),
              },
              {
                head: "From",
                cell: ({ source }) => <Source source={source} />,
                sortBy: ({ source }) => source,
              },
            ]}
          />
        )}
      </Region>
    </section>
  );
}
