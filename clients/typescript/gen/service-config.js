export const serviceConfig = {
  "methodConfig": [
    {
      "name": [
        {
          "service": "polygate.v1.BackendsService",
          "method": "ListBackends"
        },
        {
          "service": "polygate.v1.ChatService",
          "method": "Chat"
        },
        {
          "service": "polygate.v1.ChatService",
          "method": "StreamChat"
        },
        {
          "service": "polygate.v1.ChatService",
          "method": "Query"
        },
        {
          "service": "polygate.v1.ChatService",
          "method": "CountTokens"
        },
        {
          "service": "polygate.v1.ConfigService",
          "method": "GetConfig"
        },
        {
          "service": "polygate.v1.ConfigService",
          "method": "GetConfigStatus"
        },
        {
          "service": "polygate.v1.EmbeddingsService",
          "method": "Embed"
        },
        {
          "service": "polygate.v1.HealthService",
          "method": "GetHealth"
        },
        {
          "service": "polygate.v1.HealthService",
          "method": "GetServices"
        },
        {
          "service": "polygate.v1.HealthService",
          "method": "GetBackends"
        },
        {
          "service": "polygate.v1.KeysService",
          "method": "ListKeys"
        },
        {
          "service": "polygate.v1.KeysService",
          "method": "GetKey"
        },
        {
          "service": "polygate.v1.KeysService",
          "method": "GetOwnKey"
        },
        {
          "service": "polygate.v1.KeysService",
          "method": "GetUsage"
        },
        {
          "service": "polygate.v1.LimitsService",
          "method": "ListLimits"
        },
        {
          "service": "polygate.v1.LimitsService",
          "method": "GetLimit"
        },
        {
          "service": "polygate.v1.ModelsService",
          "method": "ListModels"
        },
        {
          "service": "polygate.v1.ModelsService",
          "method": "ListModelsByBackend"
        },
        {
          "service": "polygate.v1.ModelsService",
          "method": "GetModel"
        },
        {
          "service": "polygate.v1.PredictService",
          "method": "Predict"
        },
        {
          "service": "polygate.v1.RoutingService",
          "method": "SelectProvider"
        },
        {
          "service": "polygate.v1.RoutingService",
          "method": "ListDecisions"
        },
        {
          "service": "polygate.v1.RequestsService",
          "method": "ListRequests"
        },
        {
          "service": "polygate.v1.RequestsService",
          "method": "GetRequest"
        },
        {
          "service": "polygate.v1.StatsService",
          "method": "GetStats"
        },
        {
          "service": "polygate.v1.StatsService",
          "method": "GetPerformance"
        },
        {
          "service": "polygate.v1.StatsService",
          "method": "GetHistory"
        },
        {
          "service": "polygate.v1.StatsService",
          "method": "GetForecast"
        }
      ],
      "retryPolicy": {
        "maxAttempts": 3,
        "initialBackoff": "0.2s",
        "maxBackoff": "5s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": [
          "UNAVAILABLE"
        ]
      }
    }
  ]
};
