"use client";

import { PerformanceDashboard } from "polygate/react";

export default function Monitoring() {
  return <PerformanceDashboard autoRefreshInterval={5_000} />;
}
