/** The entry: asks who this is, and shows the portal. */

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "#web/app.tsx";
import { connectionLost } from "#web/data/connection.ts";
import { keepSession, readSession } from "#web/data/session.ts";
import "#web/styles/portal.css";

readSession().catch(connectionLost);
keepSession();

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
