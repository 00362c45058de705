/** Names of OpenTelemetry's semantic conventions that spans have, all of one version, and the gateway's own beside them. */

/** The version of the conventions that the names are of; those of generative AI are in development there. */
export const schemaUrl = "https://opentelemetry.io/schemas/1.45.0";

/** Names of attributes. */
export const names = {
  clientAddress: "client.address",
  errorType: "error.type",
  httpMethod: "http.request.method",
  httpRoute: "http.route",
  httpStatus: "http.response.status_code",
  protocolName: "network.protocol.name",
  protocolVersion: "network.protocol.version",
  rpcMethod: "rpc.method",
  rpcStatus: "rpc.status_code",
  rpcSystem: "rpc.system.name",
  serverPort: "server.port",
  urlPath: "url.path",
  urlScheme: "url.scheme",
  genAiOperation: "gen_ai.operation.name",
  genAiProvider: "gen_ai.provider.name",
  genAiRequestModel: "gen_ai.request.model",
  genAiResponseModel: "gen_ai.response.model",
  genAiFinishReasons: "gen_ai.response.finish_reasons",
  genAiTimeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  genAiInputTokens: "gen_ai.usage.input_tokens",
  genAiOutputTokens: "gen_ai.usage.output_tokens",
  requestId: "polygate.request_id",
  surface: "polygate.surface",
  listener: "polygate.listener",
  principal: "polygate.principal",
  procedure: "polygate.procedure",
  model: "polygate.model",
  attempts: "polygate.attempts",
  reason: "polygate.reason",
  pool: "polygate.pool",
  endpoint: "polygate.endpoint",
  algorithm: "polygate.algorithm",
  route: "polygate.route",
  chosenBy: "polygate.chosen_by",
  attempt: "polygate.attempt",
  cost: "polygate.cost_usd",
} as const;

/** Attributes of the resource. */
export const resourceNames = {
  serviceName: "service.name",
  serviceVersion: "service.version",
  serviceInstance: "service.instance.id",
  sdkLanguage: "telemetry.sdk.language",
  sdkName: "telemetry.sdk.name",
  sdkVersion: "telemetry.sdk.version",
} as const;
