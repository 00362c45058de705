/** The entry: asks who this is, and shows the portal. */

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "#portal/app.tsx";
import { connectionLost } from "#portal/data/connection.ts";
import { keepSession, readSession } from "#portal/data/session.ts";
import "#portal/styles/portal.css";

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
