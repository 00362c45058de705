/** A call that streams its requests: opened, sent to message by message, ended or given up. */

import type { DescMethod } from "@bufbuild/protobuf";
import { type SubmitEvent, useEffect, useRef, useState } from "react";
import { gatewayUrl } from "#web/data/base.ts";
import { type Call, noCall } from "#web/pages/call-method.ts";
import { openStream, type StreamCall, type StreamPhase } from "#web/pages/call-stream.ts";
import { CallView, RequestText } from "#web/pages/call-view.tsx";
import { grpcurlOf, sampleOf } from "#web/pages/methods.ts";
import { CopyBlock } from "#web/parts/copy-block.tsx";
import { Problem } from "#web/parts/problem.tsx";

/** What a phase means to whoever sends. */
const words: Readonly<Record<StreamPhase, string>> = {
  opening: "The stream is being opened.",
  open: "The stream is open: send as many messages as you like.",
  ended: "You have ended your messages; responses may still come.",
  over: "The stream is over. Opening it again begins a new call.",
};

/** All of it. */
export function StreamForm({ method }: { readonly method: DescMethod }) {
  const [text, setText] = useState(() => JSON.stringify(sampleOf(method.input), null, 2));
  const [shown, setShown] = useState<{ readonly call: Call; readonly phase: StreamPhase }>();
  const [mistake, setMistake] = useState<unknown>();
  const stream = useRef<StreamCall>(undefined);
  useEffect(() => () => stream.current?.cancel(), []);
  const phase = shown?.phase ?? "over";
  const open = () => {
    setMistake(undefined);
    setShown({ call: noCall, phase: "opening" });
    stream.current = openStream(method, (call, next) => setShown({ call, phase: next }));
  };
  const end = () => {
    setMistake(undefined);
    stream.current?.end();
  };
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (phase === "over") return open();
    if (phase !== "open") return;
    try {
      stream.current?.send(text);
      setMistake(undefined);
    } catch (error) {
      setMistake(error);
    }
  };
  const command = grpcurlOf(method, gatewayUrl);
  const wasRefused = shown?.call.error !== undefined && shown.call.messages.length === 0;
  return (
    <>
      <form className="call" onSubmit={submit}>
        <RequestText method={method} text={text} change={setText} />
        <p className="row">
          {phase === "over" && (
            <button key="open" type="submit" className="primary">
              Open the stream
            </button>
          )}
          {phase !== "over" && (
            <button key="send" type="submit" className="primary" disabled={phase !== "open"}>
              Send
            </button>
          )}
          {phase !== "over" && (
            <>
              <button type="button" disabled={phase !== "open"} onClick={end}>
                No more messages
              </button>
              <button type="button" className="danger" onClick={() => stream.current?.cancel()}>
                Cancel
              </button>
            </>
          )}
        </p>
        <p className="small" role="status">
          {shown === undefined
            ? "It takes a stream of messages: open it, then send them one by one."
            : words[phase]}
        </p>
        {mistake !== undefined && <Problem error={mistake} />}
      </form>
      {shown !== undefined && <CallView call={shown.call} />}
      <details open={wasRefused}>
        <summary>The same from a terminal</summary>
        <CopyBlock label="grpcurl" text={command} />
      </details>
    </>
  );
}
