# syntax=docker/dockerfile:1
# Stage 1: everything that building needs.
FROM node:26.10.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY gen ./gen
COPY src ./src
RUN npm run build
# What serving needs, and nothing else. The image's own Node runs it.
RUN npm prune --omit=dev --no-audit --no-fund

# Stage 2: what runs.
FROM node:26.10.0-bookworm-slim
LABEL org.opencontainers.image.title="polygate" \
      org.opencontainers.image.description="gRPC-native AI gateway: gRPC, gRPC-Web, Connect and REST on one port" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    ORT_DISABLE_TELEMETRY=1 \
    NODE_COMPILE_CACHE=/tmp/node-compile-cache
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY gen ./gen
COPY models ./models
COPY proto ./proto
# The file system may be read-only: nothing is written but the compile cache, where /tmp allows it.
USER node
EXPOSE 8080
# SIGTERM drains: no new calls, those under way end.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=2s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.GATEWAY_PORT||8080)+'/readyz').then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))"]
CMD ["node", "dist/cli/main.js", "serve"]
