/** Predictions: an image with its labels and boxes, or tensors as JSON; and where the time went. */

import { useMutation } from "@connectrpc/connect-query";
import { type DragEvent, useEffect, useState } from "react";
import { type Model, ModelsService } from "#gen/polygate/v1/models_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { useParam } from "#web/data/address.tsx";
import { useRead } from "#web/data/refresh.ts";
import { Outcome } from "#web/pages/prediction.tsx";
import { inputsOf, templateOf } from "#web/pages/tensors.ts";
import { Problem } from "#web/parts/problem.tsx";
import { Region } from "#web/parts/region.tsx";
import "#web/styles/predict.css";

const predicts = ({ backend, state }: Model) =>
  ["onnx", "tensorflow", "oip"].includes(backend) && state === "available";

/** All of it. */
export function Predict() {
  const [chosen, choose] = useParam("model");
  const read = useRead(ModelsService.method.listModels, {}, { isFixed: true });
  return (
    <Region
      read={read}
      lines={12}
      isEmpty={({ models }) => !models.some(predicts)}
      empty="No model that predicts is loaded. Put one into the model repository, or name a model server."
    >
      {({ models }) => {
        const able = models.filter(predicts);
        const model = able.find(({ id }) => id === chosen) ?? able[0];
        return (
          <>
            <div className="row">
              <label>
                Model
                <select value={model?.id} onChange={({ target }) => choose(target.value)}>
                  {able.map(({ id, type }) => (
                    <option key={id} value={id}>
                      {id} ({type})
                    </option>
                  ))}
                </select>
              </label>
            </div>
            {model?.capabilities.includes("image") && (
              <ImageForm key={`${model.id} image`} model={model} />
            )}
            {model !== undefined && <TensorForm key={model.id} model={model} />}
          </>
        );
      }}
    </Region>
  );
}

interface Picture {
  readonly url: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

function ImageForm({ model }: { readonly model: Model }) {
  const [picture, setPicture] = useState<Picture>();
  const [threshold, setThreshold] = useState("");
  const [topK, setTopK] = useState("");
  const predict = useMutation(PredictService.method.predict);
  const isDetection = model.type === "detection";
  useEffect(() => () => URL.revokeObjectURL(picture?.url ?? ""), [picture]);
  const run = ({ data }: Picture) =>
    predict.mutate({
      model: model.id,
      file: data,
      ...(topK !== "" && { topK: Number(topK) }),
      ...(threshold !== "" && { scoreThreshold: Number(threshold) }),
    });
  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    const data = new Uint8Array(await file.arrayBuffer());
    const next = { url: URL.createObjectURL(file), data };
    setPicture(next);
    run(next);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void take(event.dataTransfer.files[0]);
  };
  return (
    <section
      className="panel"
      aria-labelledby="image"
      onDragOver={(event) => event.preventDefault()}
      onDrop={drop}
    >
      <h2 id="image">An image</h2>
      <div className="row">
        <label>
          Choose or drop one
          <input
            type="file"
            accept="image/*"
            onChange={({ target }) => void take(target.files?.[0])}
          />
        </label>
        {isDetection && (
          <label>
            Score at least
            <input
              type="number"
              min={0}
              max={1}
              step={0.05}
              value={threshold}
              placeholder="own"
              onChange={({ target }) => setThreshold(target.value)}
            />
          </label>
        )}
        <label>
          At most
          <input
            type="number"
            min={1}
            max={10_000}
            value={topK}
            placeholder={isDetection ? "100" : "5"}
            onChange={({ target }) => setTopK(target.value)}
          />
        </label>
        <button
          type="button"
          className="primary"
          disabled={picture === undefined || predict.isPending}
          onClick={() => picture !== undefined && run(picture)}
        >
          Predict
        </button>
      </div>
      {predict.isError && <Problem error={predict.error} />}
      {predict.data !== undefined && <Outcome data={predict.data} imageUrl={picture?.url} />}
    </section>
  );
}

function TensorForm({ model }: { readonly model: Model }) {
  const [text, setText] = useState(() => templateOf(model.inputs));
  const [problem, setProblem] = useState("");
  const predict = useMutation(PredictService.method.predict);
  const run = () => {
    const inputs = inputsOf(text);
    setProblem(typeof inputs === "string" ? inputs : "");
    if (typeof inputs !== "string")
      predict.mutate({ model: model.id, inputs, includeOutputs: true });
  };
  return (
    <section className="panel" aria-labelledby="tensors">
      <h2 id="tensors">Tensors</h2>
      <label>
        Inputs as JSON
        <textarea
          className="mono"
          rows={6}
          value={text}
          aria-invalid={problem !== ""}
          aria-describedby="tensor-problem"
          onChange={({ target }) => setText(target.value)}
        />
      </label>
      <p id="tensor-problem" className="bad" role="alert">
        {problem}
      </p>
      <p className="row">
        <button type="button" className="primary" disabled={predict.isPending} onClick={run}>
          Predict tensors
        </button>
      </p>
      {predict.isError && <Problem error={predict.error} />}
      {predict.data !== undefined && <Outcome data={predict.data} imageUrl={undefined} />}
    </section>
  );
}
