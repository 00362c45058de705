import type { ReactNode } from "react";
import "polygate/react/styles.css";

export const metadata = { title: "Polygate in a Next.js app" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <nav>
          <a href="/">Chat</a> <a href="/monitoring">Monitoring</a>
        </nav>
        <main>{children}</main>
      </body>
    </html>
  );
}
