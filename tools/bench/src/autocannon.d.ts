/** The part of autocannon 9 that the serve suite uses; the package brings no types. */
declare module "autocannon" {
  import type { EventEmitter } from "node:events";

  interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    readonly method: "GET" | "POST";
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    /** Ends the run before its duration is over. */
  }

  interface Result {
    /** Connections that failed, and requests without an answer for 10 s. */
    readonly errors: number;
    readonly non2xx: number;
    /** Seconds. */
    readonly duration: number;
    readonly requests: { readonly sent: number };
    readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>;
  }

  /** A run that is under way; emits `response` with client, status code, bytes and milliseconds. */
  type Run = EventEmitter & PromiseLike<Result>;

  export default function autocannon(options: Options): Run;
}
