# syntax=docker/dockerfile:1
# Stage 1: everything that building needs.
FROM node:26.10.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json rolldown.config.ts ./
COPY gen ./gen
COPY src ./src
COPY web ./web
RUN npm run build
# What serving needs, and nothing else: the image's own Node runs it, on this platform.
RUN npm prune --omit=dev --no-audit --no-fund \
    && find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 -type d \
       ! -path "*/linux/$(node -p process.arch)" -exec rm -r {} +

# Stage 2: what runs.
FROM node:26.10.0-bookworm-slim
LABEL org.opencontainers.image.title="polygate" \
      org.opencontainers.image.description="gRPC-native AI gateway: gRPC, gRPC-Web, Connect and REST on one port" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    ORT_DISABLE_TELEMETRY=1 \
    NODE_COMPILE_CACHE=/tmp/node-compile-cache
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY gen ./gen
COPY proto ./proto
COPY models ./models
COPY web ./web
# The base image's user `node`, by number: an orchestrator can see that it is not root. The file
# system may be read-only: nothing is written but the compile cache, where /tmp allows it.
USER 1000:1000
EXPOSE 8080
# SIGTERM drains: no new calls, those under way end.
STOPSIGNAL SIGTERM
# Reads the same file and environment as the gateway; flags of the command are not seen here.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["node", "dist/cli/main.js", "health"]
CMD ["node", "dist/cli/main.js", "serve"]
