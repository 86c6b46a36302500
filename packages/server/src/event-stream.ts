import { once } from "node:events";
import type { FastifyReply } from "fastify";
import type { JobServiceEvent } from "@hilum/jobs";

/** A reader that takes nothing for so long is given up. */
const STALLED_MS = 30_000;

/**
 * Answers with server-sent events (WHATWG HTML, 9.2) until they end, the reader goes, or the signal aborts.
 * Each has its id, so that a reader that lost the connection asks for the rest by Last-Event-ID.
 */
export async function sendEvents(reply: FastifyReply, events: AsyncIterable<JobServiceEvent>, { heartbeatMs, signal }: { readonly heartbeatMs: number; readonly signal: AbortSignal }): Promise<void> {
  const headers = reply.getHeaders();
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" });
  raw.flushHeaders();
  // A field of the first message, whenever that comes.
  raw.write("retry: 2000\n");
  const heartbeat = setInterval(() => raw.writableNeedDrain || raw.write(": alive\n\n"), heartbeatMs);
  try {
    for await (const { id, type, at, data } of events) {
      const sent = raw.write(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ at, data })}\n\n`);
      if (!sent) await once(raw, "drain", { signal: AbortSignal.any([signal, AbortSignal.timeout(STALLED_MS)]) });
    }
    if (signal.aborted) raw.end();
    else raw.end("event: end\ndata: {}\n\n");
  } catch {
    // The head is out: all that can be told is that the connection breaks. A reader comes back with the last id.
    raw.destroy();
  } finally {
    clearInterval(heartbeat);
  }
}
