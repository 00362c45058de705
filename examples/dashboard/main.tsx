/** A page with the dashboard, and a line that tells which provider would be chosen. */

import { PerformanceDashboard, useProviderSelection } from "polygate/react";
import "polygate/react/styles.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

function Chosen() {
  const { provider, model, score, error, selectProvider } = useProviderSelection("chat");
  return (
    <p>
      <output>
        {provider === undefined
          ? (error?.message ?? "Choosing…")
          : `${provider} would answer with ${model} (score ${score})`}
      </output>{" "}
      <button type="button" onClick={() => void selectProvider()}>
        Choose again
      </button>
    </p>
  );
}

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <h1>Polygate in a page of yours</h1>
      <Chosen />
      <PerformanceDashboard autoRefreshInterval={5_000} className="my-custom-class" />
    </StrictMode>,
  );
}
