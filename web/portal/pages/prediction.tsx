/** What came of a prediction: boxes over the image, labels, tensors, and where the time went. */

import { useState } from "react";
import type { Detection, PredictResponse, Tensor } from "#gen/polygate/v1/predict_pb.js";
import { duration, percent } from "#web/data/format.ts";
import { Table } from "#web/parts/table.tsx";

/** Elements of a tensor that are shown. */
const elementsMax = 1000;

interface Props {
  readonly data: PredictResponse;
  readonly imageUrl: string | undefined;
}

/** All of it. */
export function Outcome({ data, imageUrl }: Props) {
  const { classifications, detections, outputs } = data;
  return (
    <div className="outcome">
      {imageUrl !== undefined && <Boxes url={imageUrl} detections={detections} />}
      <div className="outcome-words">
        <Timing data={data} />
        {classifications.length > 0 && (
          <Table
            label="Labels"
            rows={classifications}
            keyOf={({ index }) => String(index)}
            columns={[
              { head: "Label", cell: ({ label }) => label },
              { head: "Score", isNumber: true, cell: ({ score }) => percent(score) },
              {
                head: "",
                cell: ({ score }) => <meter value={score} aria-label={percent(score)} />,
              },
            ]}
          />
        )}
        {detections.length > 0 && (
          <Table
            label="Boxes"
            rows={detections}
            keyOf={({ index, box, score }) => `${index} ${score} ${box?.xMin} ${box?.yMin}`}
            columns={[
              { head: "Label", cell: ({ label }) => label },
              { head: "Score", isNumber: true, cell: ({ score }) => percent(score) },
              { head: "Left, top, right, bottom", isNumber: true, cell: cornersOf },
            ]}
          />
        )}
        {classifications.length + detections.length + outputs.length === 0 && (
          <p className="empty">Nothing was found in it. A lower score finds more.</p>
        )}
        {outputs.map((tensor) => (
          <TensorView key={tensor.name} tensor={tensor} />
        ))}
      </div>
    </div>
  );
}

const cornersOf = ({ box }: Detection) =>
  box === undefined
    ? "–"
    : [box.xMin, box.yMin, box.xMax, box.yMax].map((edge) => edge.toFixed(1)).join(", ");

function Boxes({
  url,
  detections,
}: {
  readonly url: string;
  readonly detections: readonly Detection[];
}) {
  const [size, setSize] = useState({ width: 0, height: 0 });
  return (
    <div className="boxes">
      <img
        src={url}
        alt="What was sent"
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
          setSize({ width: naturalWidth, height: naturalHeight })
        }
      />
      {size.width > 0 && (
        <svg
          viewBox={`0 0 ${size.width} ${size.height}`}
          role="img"
          aria-label="Boxes of what was found"
        >
          {detections.map(
            ({ box, label, index, score }) =>
              box !== undefined && (
                <g key={`${index} ${score} ${box.xMin} ${box.yMin}`}>
                  <rect
                    x={box.xMin}
                    y={box.yMin}
                    width={box.xMax - box.xMin}
                    height={box.yMax - box.yMin}
                  />
                  <text
                    x={box.xMin}
                    y={Math.max(box.yMin - 2, size.height / 14)}
                    fontSize={size.height / 14}
                  >
                    {label}
                  </text>
                </g>
              ),
          )}
        </svg>
      )}
    </div>
  );
}

const stages = [
  ["preprocessMs", "prepared"],
  ["queueMs", "in line"],
  ["computeMs", "model"],
  ["postprocessMs", "labels and boxes"],
] as const;

function Timing({ data: { model, version, backend, timing } }: { readonly data: PredictResponse }) {
  if (timing === undefined) return null;
  const whole = stages.reduce((sum, [stage]) => sum + timing[stage], 0);
  return (
    <div>
      <p>
        {model} {version && `version ${version}`} on {backend}: {duration(whole)}
      </p>
      <div className="timing" aria-hidden="true">
        {stages.map(([stage]) => (
          <i
            key={stage}
            className={stage}
            style={{ width: `${(timing[stage] / Math.max(whole, 1e-6)) * 100}%` }}
          />
        ))}
      </div>
      <ul className="row small">
        {stages.map(([stage, words]) => (
          <li key={stage}>
            <i className={`swatch ${stage}`} /> {words} {duration(timing[stage])}
          </li>
        ))}
      </ul>
    </div>
  );
}

function TensorView({ tensor }: { readonly tensor: Tensor }) {
  const { name, datatype, shape, data, text, raw } = tensor;
  const elements = text.length > 0 ? text : data;
  return (
    <details>
      <summary>
        {name}: {datatype} [{shape.join(", ")}]
      </summary>
      <code>{elements.slice(0, elementsMax).join(", ")}</code>
      {elements.length > elementsMax && (
        <p className="small">and {elements.length - elementsMax} more</p>
      )}
      {raw.length > 0 && <p className="small">{raw.length} bytes</p>}
    </details>
  );
}
