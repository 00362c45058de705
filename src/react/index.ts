/** What `polygate/react` exports: hooks, the dashboard, and the provider that names another gateway. */
"use client";

export { PerformanceDashboard, type PerformanceDashboardProps } from "./performance-dashboard.tsx";
export { PolygateProvider, type PolygateProviderProps } from "./polygate-provider.tsx";
export {
  type PerformanceMonitoring,
  type PerformanceMonitoringOptions,
  usePerformanceMonitoring,
} from "./use-performance-monitoring.ts";
export {
  type ProviderSelection,
  type ProviderSelectionOptions,
  useProviderSelection,
} from "./use-provider-selection.ts";
