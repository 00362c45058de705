/** Every model behind the gateway: a table, and of one all that is known of it. */

import { useMutation } from "@connectrpc/connect-query";
import { type Model, ModelsService, type TensorMetadata } from "#gen/polygate/v1/models_pb.js";
import { useParam } from "#web/data/address.tsx";
import { dollars } from "#web/data/format.ts";
import { useRead } from "#web/data/refresh.ts";
import { isAdmin, session } from "#web/data/session.ts";
import { useStore } from "#web/data/store.ts";
import { queryClient } from "#web/data/transport.ts";
import { Problem } from "#web/parts/problem.tsx";
import { Region } from "#web/parts/region.tsx";
import { State } from "#web/parts/state.tsx";
import { Table } from "#web/parts/table.tsx";

/** All of it. */
export function Models() {
  const [chosen, choose] = useParam("model");
  const [filter, setFilter] = useParam("filter");
  const read = useRead(ModelsService.method.listModels);
  const fits = ({ id, provider, type, backend, aliases }: Model) =>
    [id, provider, type, backend, ...aliases].some((word) =>
      word.toLowerCase().includes(filter.toLowerCase()),
    );
  return (
    <>
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
      </search>
      {chosen !== "" && <ModelDetail model={chosen} close={() => choose("")} />}
      <section className="panel" aria-label="Models">
        <Region
          read={read}
          lines={8}
          isEmpty={({ models }) => !models.some(fits)}
          empty={
            filter === ""
              ? "No model is behind this gateway. Name a provider, or put an ONNX model into the repository."
              : "No model fits this filter."
          }
        >
          {({ models }) => (
            <Table
              label="Models"
              rows={models.filter(fits)}
              keyOf={({ backend, provider, id }) => `${backend} ${provider} ${id}`}
              rowClass={({ id }) => (id === chosen ? "chosen" : undefined)}
              columns={[
                {
                  head: "Model",
                  cell: ({ id }) => (
                    <button type="button" className="link" onClick={() => choose(id)}>
                      {id}
                    </button>
                  ),
                  sortBy: ({ id }) => id,
                },
                { head: "State", cell: ({ state }) => <State state={state} /> },
                { head: "For", cell: ({ type }) => type, sortBy: ({ type }) => type },
                {
                  head: "Backend",
                  cell: ({ backend }) => backend,
                  sortBy: ({ backend }) => backend,
                },
                {
                  head: "Provider",
                  cell: ({ provider }) => provider,
                  sortBy: ({ provider }) => provider,
                },
                { head: "Version", cell: ({ version }) => version || "–" },
                { head: "Can", cell: ({ capabilities }) => capabilities.join(", ") },
                {
                  head: "Price per 1,000 tokens",
                  isNumber: true,
                  cell: ({ costPer1kTokens: price }) =>
                    price === undefined
                      ? "–"
                      : `${dollars(price.input)} in, ${dollars(price.output)} out`,
                },
              ]}
            />
          )}
        </Region>
      </section>
    </>
  );
}

/** Reads, loads and unloads what is in the repository of this process. */
function Actions({ model }: { readonly model: Model }) {
  const onSuccess = () => queryClient.invalidateQueries();
  const load = useMutation(ModelsService.method.loadModel, { onSuccess });
  const reload = useMutation(ModelsService.method.reloadModel, { onSuccess });
  const unload = useMutation(ModelsService.method.unloadModel, { onSuccess });
  const failed = [load, reload, unload].find(({ isError }) => isError);
  const isBusy = [load, reload, unload].some(({ isPending }) => isPending);
  const target = { model: model.id };
  if (!isAdmin(useStore(session)) || model.backend !== "onnx") return null;
  return (
    <>
      <p className="row">
        {model.state === "available" ? (
          <>
            <button type="button" disabled={isBusy} onClick={() => reload.mutate(target)}>
              Read again from the repository
            </button>
            <button
              type="button"
              className="danger"
              disabled={isBusy}
              onClick={() =>
                confirm(`Unload ${model.id}? Calls to it fail then.`) && unload.mutate(target)
              }
            >
              Unload
            </button>
          </>
        ) : (
          <button type="button" disabled={isBusy} onClick={() => load.mutate(target)}>
            Load
          </button>
        )}
      </p>
      {failed !== undefined && <Problem error={failed.error} />}
    </>
  );
}

const shapeOf = ({ datatype, shape }: TensorMetadata) =>
  `${datatype} [${shape.map((size) => (size < 0 ? "any" : size)).join(", ")}]`;

function factsOf(model: Model): readonly (readonly [string, string])[] {
  const entries = (record: Readonly<Record<string, string>>) =>
    Object.entries(record).map(([name, value]) => `${name}: ${value}`);
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ["Also called", model.aliases],
    ["Takes", model.inputs.map((tensor) => `${tensor.name}: ${shapeOf(tensor)}`)],
    ["Gives", model.outputs.map((tensor) => `${tensor.name}: ${shapeOf(tensor)}`)],
    ["Tells apart", model.labels],
    ["Versions", model.versions.map(({ version, state, error }) => `${version} ${state} ${error}`)],
    ["Labels of versions", entries(model.versionLabels)],
    ["Says of itself", entries(model.metadata)],
  ];
  return lists.map(([name, words]) => [name, words.join(" · ")]);
}

function ModelDetail({ model, close }: { readonly model: string; readonly close: () => void }) {
  const read = useRead(ModelsService.method.getModel, { model }, { isFixed: true });
  return (
    <section className="panel" aria-labelledby="model">
      <div className="panel-head">
        <h2 id="model">{model}</h2>
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
      <Region read={read}>
        {(data) => (
          <>
            {data.error !== "" && <p className="bad">{data.error}</p>}
            <dl className="facts">
              {factsOf(data)
                .filter(([, value]) => value !== "")
                .map(([name, value]) => (
                  <div key={name} className="fact">
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </div>
                ))}
            </dl>
            <Actions model={data} />
          </>
        )}
      </Region>
    </section>
  );
}
