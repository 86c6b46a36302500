import { setTimeout as delay } from "node:timers/promises";
import { Option, type Command } from "commander";
import { ERROR_CATALOGUE, HilumError, type ErrorCode, type Json } from "@hilum/core";

/** Where a service listens if nobody says otherwise. */
export const DEFAULT_PORT = 8460;

/** How a service is reached. */
export interface ServiceOptions {
  readonly url: string;
  readonly token?: string;
}

/** An event of a job, as the service tells it. */
export interface ServiceEvent {
  readonly type: string;
  readonly data: Json;
}

/** Talks to a running `hilum serve`. Every error that the service answers is thrown as the HilumError that it was. */
export interface ServiceClient {
  request<T>(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<T>;
  /** Events of a job from its beginning until it ends; comes back with the last id when the connection breaks. */
  events(uid: string): AsyncIterable<ServiceEvent>;
}

/** Adds the options that say which service. */
export function withServiceOptions(command: Command): Command {
  return command
    .addOption(new Option("--url <url>", "where the service listens").env("HILUM_URL").default(`http://127.0.0.1:${DEFAULT_PORT}`))
    .addOption(new Option("--token <token>", "the token that the service printed at its first start (better in the environment, where no list of processes shows it)").env("HILUM_TOKEN"));
}

/** Pauses between attempts to come back to a service that does not answer. */
const PAUSES_MS = [250, 500, 1000, 2000, 4000, 8000];

/** A client of one service. @param signal ends whatever is under way. */
export function createServiceClient({ url, token }: ServiceOptions, signal: AbortSignal): ServiceClient {
  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(new URL(path, url), { ...init, redirect: "error", signal, headers: { ...init.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) } });
    } catch (cause) {
      signal.throwIfAborted();
      throw new HilumError("SOURCE_NOT_FOUND", "No service answers at this URL.", { cause, remedy: "Start one with `hilum serve`, or say where it listens with --url or HILUM_URL." });
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  };
  return {
    async request<T>(method: string, path: string, body?: object) {
      const response = await ask(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }) });
      return (await response.json()) as T;
    },
    async *events(uid) {
      let last: string | undefined;
      for (let failures = 0; ; ) {
        try {
          const { status, body } = await ask(`/jobs/${encodeURIComponent(uid)}/events`, { headers: { accept: "text/event-stream", ...(last === undefined ? {} : { "last-event-id": last }) } });
          if (status === 204 || body === null) return;
          for await (const { id, type, data } of messagesIn(body)) {
            if (type === "end") return;
            failures = 0;
            last = id;
            yield { type, data: (JSON.parse(data) as { readonly data: Json }).data };
          }
        } catch (error) {
          signal.throwIfAborted();
          if (last === undefined || PAUSES_MS[failures] === undefined) throw error;
        }
        await delay(PAUSES_MS[failures++], undefined, { signal });
      }
    },
  };
}

/** The messages of an event stream (WHATWG HTML, 9.2.6), without its comments. */
async function* messagesIn(body: ReadableStream<Uint8Array>): AsyncGenerator<{ readonly id: string; readonly type: string; readonly data: string }> {
  let text = "";
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    const messages = (text + part).split("\n\n");
    text = messages.pop() ?? "";
    for (const message of messages) {
      const fields = new Map(message.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      const data = fields.get("data");
      if (data !== undefined) yield { id: fields.get("id") ?? "", type: fields.get("event") ?? "message", data };
    }
  }
}

async function errorOf(response: Response): Promise<HilumError> {
  const problem = (await response.json().catch(() => ({}))) as { readonly code?: string; readonly detail?: string; readonly remedy?: string };
  return serviceError(problem.code, problem.detail ?? `The service answered ${response.status}.`, problem.remedy);
}

/** An error that a service told of. What has no code in the catalogue is a wrong request: HTTP itself refused it. */
export function serviceError(code: string | undefined, message: string, remedy: string | undefined): HilumError {
  const known: ErrorCode = code !== undefined && Object.hasOwn(ERROR_CATALOGUE, code) ? (code as ErrorCode) : "USAGE";
  return new HilumError(known, message, remedy === undefined ? {} : { remedy });
}
