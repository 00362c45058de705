/** The login: the whole page at first, a dialog over it when a session ends, so that work is kept. */

import { type SubmitEvent, useEffect, useRef, useState } from "react";
import { logIn, session } from "#web/data/session.ts";
import { useStore } from "#web/data/store.ts";

function LoginForm({ words }: { readonly words: string }) {
  const [problem, setProblem] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const key = new FormData(event.currentTarget).get("key");
    setIsBusy(true);
    try {
      setProblem(await logIn(String(key)));
    } catch {
      setProblem("The gateway does not answer.");
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <form className="login" onSubmit={(event) => void submit(event)}>
      <h1>Polygate</h1>
      <p>{words}</p>
      <label>
        API key
        <input
          name="key"
          type="password"
          autoComplete="current-password"
          required
          aria-invalid={problem !== ""}
          aria-describedby="login-problem"
        />
      </label>
      <p id="login-problem" className="bad" role="alert">
        {problem}
      </p>
      <button type="submit" className="primary" disabled={isBusy}>
        {isBusy ? "Logging in…" : "Log in"}
      </button>
    </form>
  );
}

/** Asks for a key, in place of all pages. */
export function LoginPage() {
  return (
    <main className="login-page">
      <LoginForm words="Log in with a key of this gateway. It stays in this browser's session." />
    </main>
  );
}

/** Asks for a key over the page, once the session has ended. */
export function ExpiredDialog() {
  const { state } = useStore(session);
  const dialog = useRef<HTMLDialogElement>(null);
  const isExpired = state === "expired";
  useEffect(() => {
    if (isExpired) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isExpired]);
  return (
    <dialog ref={dialog} aria-label="Log in again" onCancel={(event) => event.preventDefault()}>
      {isExpired && <LoginForm words="The session has ended. What you wrote is still there." />}
    </dialog>
  );
}
