import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Host } from "@hilum/host";
import type { JobService } from "@hilum/jobs";
import type { ServerLimits } from "./limits.ts";
import type { Roots } from "./roots.ts";

/** A Fastify instance whose routes are typed by their zod schemas. */
export type App = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, ZodTypeProvider>;

/** What routes work with. */
export interface ServerContext {
  readonly jobs: JobService;
  readonly host: Host;
  readonly roots: Roots;
  readonly limits: ServerLimits;
  /** Aborted when the server closes: whatever is still streaming ends. */
  readonly closing: AbortSignal;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Id of the token that was sent, or "none". */
    who: string;
    /** The job that the request made or is about, for the audit record. */
    jobUid: string | undefined;
    /** Code of the error that was answered, for the audit record. */
    problemCode: string | undefined;
  }
  interface FastifyContextConfig {
    /** Answers without a token. */
    open?: boolean;
    /** Not worth an audit record while it succeeds: it changes nothing and hands out no images. */
    unaudited?: boolean;
    /** Takes the token as the password of Basic authentication too, so that a browser can show the page. */
    browser?: boolean;
  }
}
