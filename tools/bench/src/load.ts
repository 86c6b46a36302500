import autocannon from "autocannon";
import { type MemoryTrend, withMemory } from "./resident-memory.ts";
import { quantile } from "./statistics.ts";

/** Requests that are sent all the time on as many connections, each as soon as the one before it is answered. */
export interface Load {
  readonly name: string;
  readonly url: string;
  /** Of the process that answers. */
  readonly pid: number;
  readonly connections: number;
  readonly seconds: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes them POST requests. */
  readonly json?: unknown;
}

/** Puts a load on a server. @returns lines that say how it went. */
export async function reportLoad({ name, url, pid, connections, seconds, headers = {}, json }: Load): Promise<string> {
  // autocannon's own histogram knows whole milliseconds only.
  const latencies: number[] = [];
  const [result, memory] = await withMemory(pid, () => {
    const run = autocannon({
      url,
      connections,
      duration: seconds,
      ...(json === undefined ? { method: "GET", headers } : { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(json) }),
    });
    run.on("response", (_client: unknown, _status: number, _bytes: number, ms: number) => latencies.push(ms));
    return run;
  });
  const answered = latencies.length;
  const statuses = Object.entries(result.statusCodeStats).map(([status, { count }]) => `${status}: ${count}`);
  return [
    `${name}: ${answered} requests in ${result.duration.toFixed(1)} s (${(answered / result.duration).toFixed(0)}/s) on ${connections} connections`,
    // A connection that the server closes is opened again without an error; its request then stays without an answer.
    `  errors ${result.errors}, non-2xx ${result.non2xx} (${statuses.join(", ")}), unanswered at the end ${result.requests.sent - answered}`,
    `  p50 ${quantile(latencies, 0.5).toFixed(2)} ms, p99 ${quantile(latencies, 0.99).toFixed(2)} ms, longest ${quantile(latencies, 1).toFixed(2)} ms`,
    `  server memory: ${memoryText(memory)}`,
  ].join("\n");
}

function memoryText({ firstMb, lastMb, mbPerMinute, samples }: MemoryTrend): string {
  return `${mbPerMinute >= 0 ? "+" : ""}${mbPerMinute.toFixed(1)} MB/min (least squares of ${samples} samples), ${firstMb.toFixed(0)} MB at first, ${lastMb.toFixed(0)} MB at last`;
}
