/** The form that makes a key, and its text, which is shown once. */

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useMutation } from "@connectrpc/connect-query";
import { type SubmitEvent, useRef } from "react";
import { KeysService } from "#gen/polygate/v1/keys_pb.js";
import { queryClient } from "#web/data/transport.ts";
import { CopyBlock } from "#web/parts/copy-block.tsx";
import { Problem } from "#web/parts/problem.tsx";

const scopes = ["admin", "route", "priority", "batch"] as const;
const dayMs = 86_400_000;

/** What the form says, as the gateway takes it. */
function specOf(form: FormData) {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  const days = Number(text("days"));
  const usd = Number(text("usd"));
  const perMinute = Number(text("perMinute"));
  return {
    name: text("name"),
    scopes: form.getAll("scope").map(String),
    models: text("models")
      .split(/[\s,]+/)
      .filter((model) => model !== ""),
    ...(days > 0 && { expireTime: timestampFromMs(Date.now() + days * dayMs) }),
    allowance: {
      ...(perMinute > 0 && { requestsPerMinute: perMinute }),
      ...(usd > 0 && { budget: { usd, period: "month" } }),
    },
  };
}

/** A button, and the dialog that it opens. */
export function NewKey({ done }: { readonly done: (name: string, secret: string) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const create = useMutation(KeysService.method.createKey, {
    onSuccess({ key, secret }) {
      dialog.current?.close();
      form.current?.reset();
      done(key?.spec?.name ?? "", secret);
      return queryClient.invalidateQueries();
    },
  });
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    create.mutate({ key: specOf(new FormData(event.currentTarget)) });
  };
  return (
    <>
      <button type="button" className="primary" onClick={() => dialog.current?.showModal()}>
        New key
      </button>
      <dialog ref={dialog} aria-labelledby="new-key">
        <form ref={form} className="login" onSubmit={submit}>
          <h2 id="new-key">New key</h2>
          <label>
            Name
            <input name="name" required maxLength={64} pattern="[A-Za-z0-9][A-Za-z0-9._@\-]*" />
          </label>
          <fieldset className="row weights">
            <legend>Scopes beyond calling</legend>
            {scopes.map((scope) => (
              <label key={scope} className="inline">
                <input type="checkbox" name="scope" value={scope} />
                {scope}
              </label>
            ))}
          </fieldset>
          <label>
            Models, all when empty
            <input name="models" maxLength={2000} />
          </label>
          <label>
            Requests a minute, without a bound when empty
            <input name="perMinute" type="number" min={1} />
          </label>
          <label>
            Dollars a month, without a bound when empty
            <input name="usd" type="number" min={0.01} step={0.01} />
          </label>
          <label>
            Ends in days, never when empty
            <input name="days" type="number" min={1} max={3650} />
          </label>
          {create.isError && <Problem error={create.error} />}
          <p className="row">
            <button type="submit" className="primary" disabled={create.isPending}>
              Make it
            </button>
            <button type="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
          </p>
        </form>
      </dialog>
    </>
  );
}

/** A key's text. */
export function Secret(props: {
  readonly name: string;
  readonly text: string;
  readonly close: () => void;
}) {
  const { name, text, close } = props;
  return (
    <div className="card" role="status">
      <div className="panel-head">
        <b>Shown now and never again: the key of {name}</b>
        <button type="button" onClick={close}>
          I have it
        </button>
      </div>
      <CopyBlock label="key" text={text} />
    </div>
  );
}
