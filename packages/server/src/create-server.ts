import rateLimit from "@fastify/rate-limit";
import swagger from "@fastify/swagger";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions } from "fastify";
import { jsonSchemaTransform, serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { HilumError } from "@hilum/core";
import type { Host } from "@hilum/host";
import type { JobService } from "@hilum/jobs";
import type { AccessToken } from "./access-token.ts";
import type { AuditLog } from "./audit-log.ts";
import { createHostCheck } from "./host-header.ts";
import { DEFAULT_LIMITS, type ServerLimits } from "./limits.ts";
import { createRequestCounter } from "./metrics.ts";
import { withComponents } from "./open-api-document.ts";
import { PROBLEM_MEDIA_TYPE, problemOf, TransportError } from "./problem.ts";
import { openRoots } from "./roots.ts";
import { addCatalogueRoute } from "./routes/catalogue-route.ts";
import { addDocumentRoutes } from "./routes/document-routes.ts";
import { addFirstUsersRoutes } from "./routes/first-users-routes.ts";
import { addJobRoutes } from "./routes/job-routes.ts";
import { addResultRoutes } from "./routes/result-routes.ts";
import { addServiceRoutes } from "./routes/service-routes.ts";
import { sentToken } from "./sent-token.ts";
import type { App, ServerContext } from "./server-context.ts";

/** What a server is made from. */
export interface ServerOptions {
  readonly jobs: JobService;
  /** For the catalogue, and to check names and configurations of jobs; it runs none. */
  readonly host: Host;
  /** The folders that requests may name: absolute paths by id (lower-case letters, digits, hyphens). */
  readonly roots: ReadonlyMap<string, string>;
  /** The data directory of the service: no request reaches it by a path. */
  readonly dataDirectory: string;
  readonly accessToken: AccessToken;
  readonly auditLog: AuditLog;
  /** Host names that requests may be addressed to, besides those of the loopback; IPv6 addresses in brackets. */
  readonly allowedHosts?: readonly string[];
  readonly limits?: Partial<ServerLimits>;
  /** PEM texts; plain HTTP where absent. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Whether a proxy stands before the server: the address of a client is then the last one that the proxy tells. */
  readonly behindProxy?: boolean;
  /** Told of an error that is none of ours to expect, with its stack; clients and records are told nothing of it. */
  readonly onDefect?: (error: unknown) => void;
}

const HEADERS = Object.freeze({
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
});

/** Silence after which a connection is closed: longer than a heartbeat, and than the 60 s that a plan may take. */
const IDLE_MS = 90_000;
/** How often connections that are too slow are looked for. */
const CONNECTION_CHECK_MS = 1000;
const KEEP_ALIVE_MS = 10_000;
const MOST_HEADERS = 64;

/**
 * The web backend over a job service: routes, their OpenAPI description, and everything that guards them. It listens to
 * nothing yet; closing it does not dispose of the service.
 * @throws {HilumError} USAGE for a root that cannot be one.
 */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const closing = new AbortController();
  const context: ServerContext = { jobs: options.jobs, host: options.host, roots: openRoots(options.roots, options.dataDirectory), limits, closing: closing.signal };
  const requests = createRequestCounter();
  const app = createApp(options, limits);

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeContentTypeParser("text/plain");
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, options.onDefect));
  app.decorateRequest("who", "none");
  app.decorateRequest("jobUid", undefined);
  app.decorateRequest("problemCode", undefined);

  const checkHost = createHostCheck(options.allowedHosts ?? []);
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(HEADERS);
    checkHost(request.headers.host);
    if (request.raw.url !== undefined && request.raw.url.length > limits.urlLength) throw new TransportError(414, "URL_TOO_LONG", "The URL is longer than this server takes.", "GET /docs shows what each route takes.");
  });
  // After the rate limit, which runs on arrival, and before the body is read.
  app.addHook("preParsing", async (request, reply) => {
    const { open, browser } = request.routeOptions.config;
    if (open === true) return;
    const token = sentToken(request.headers.authorization, browser === true);
    if (token === undefined || !options.accessToken.accepts(token)) {
      reply.header("www-authenticate", browser === true ? 'Basic realm="hilum", charset="UTF-8"' : 'Bearer realm="hilum"');
      throw new HilumError("UNAUTHORIZED", "This route needs the access token of the service.");
    }
    request.who = options.accessToken.id;
  });
  app.addHook("onResponse", async (request, reply) => {
    const route = request.is404 ? "unknown" : (request.routeOptions.url ?? "unknown");
    requests.count(request.method, route, reply.statusCode);
    if (request.routeOptions.config.unaudited === true && reply.statusCode < 400) return;
    options.auditLog.record({ who: request.who, what: `${request.method} ${route}`, ...uidOf(request), status: reply.statusCode, ...(request.problemCode === undefined ? {} : { code: request.problemCode }) });
  });
  app.addHook("preClose", async () => closing.abort());

  await app.register(rateLimit, {
    max: limits.requestsPerMinute,
    timeWindow: 60_000,
    errorResponseBuilder: (_, { after }) => new TransportError(429, "TOO_MANY_REQUESTS", "There were too many requests from this address.", `Try again in ${after}.`),
  });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Hilum",
        version: "1",
        description: "Jobs on medical image series. A job that was accepted is on the disk, and ends once, whatever dies in between. Every route but /health needs the token that the server printed at its first start: `Authorization: Bearer TOKEN`. Errors are application/problem+json (RFC 9457) with a code and a remedy.",
      },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: withComponents,
  });
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, () => {
    throw new TransportError(404, "UNKNOWN_ROUTE", "There is no such route.", "GET /docs lists the routes.");
  });

  addServiceRoutes(app, context, requests);
  addFirstUsersRoutes(app, context);
  addJobRoutes(app, context);
  addResultRoutes(app, context);
  addCatalogueRoute(app, context);
  addDocumentRoutes(app);
  await app.ready();
  app.server.maxConnections = limits.connections;
  app.server.maxHeadersCount = MOST_HEADERS;
  return app as unknown as FastifyInstance;
}

function createApp({ tls, behindProxy = false, onDefect }: ServerOptions, limits: ServerLimits): App {
  const http = { maxHeaderSize: limits.headerBytes, headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: CONNECTION_CHECK_MS };
  const common: FastifyServerOptions = {
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: IDLE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: "idle",
    trustProxy: behindProxy ? (_address, hop) => hop < 1 : false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 100 },
    // Comes before any hook.
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply.headers(HEADERS), onDefect),
    clientErrorHandler(error, socket) {
      if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy(error);
      const status = STATUS_OF_CLIENT_ERROR.get(error.code ?? "") ?? 400;
      const body = JSON.stringify(problemOf(new TransportError(status, "BAD_REQUEST", "The request cannot be understood.", "Send it again, as HTTP/1.1, shorter and without pauses.")));
      socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Type: ${PROBLEM_MEDIA_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
    },
  };
  // The types of plain and of TLS servers differ in nothing that is used here.
  const app = fastify({ ...common, ...(tls === undefined ? { http } : { https: { ...http, cert: tls.certificate, key: tls.key } }) } as FastifyServerOptions);
  return app.withTypeProvider<ZodTypeProvider>();
}

const STATUS_OF_CLIENT_ERROR: ReadonlyMap<string, number> = new Map([
  ["HPE_HEADER_OVERFLOW", 431],
  ["ERR_HTTP_REQUEST_TIMEOUT", 408],
]);

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, onDefect: ServerOptions["onDefect"]): FastifyReply {
  const problem = problemOf(error);
  request.problemCode = problem.code;
  if (problem.code === "INTERNAL") onDefect?.(error);
  if (problem.code === "QUEUE_FULL" || problem.code === "TOO_MANY_STREAMS") reply.header("retry-after", RETRY_AFTER_S);
  return reply.code(problem.status).type(PROBLEM_MEDIA_TYPE).serializer(JSON.stringify).send(problem);
}

const RETRY_AFTER_S = 10;

/** Only what looks like a uid goes into a record: a client can put anything into a URL. */
function uidOf(request: FastifyRequest): { readonly uid?: string } {
  const uid = request.jobUid ?? (request.params as { readonly uid?: string } | undefined)?.uid;
  return uid !== undefined && /^[0-9a-f-]{36}$/.test(uid) ? { uid } : {};
}
