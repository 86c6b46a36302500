import type { JobService } from "@hilum/jobs";

/** Counts what was answered. */
export interface RequestCounter {
  /** @param route the pattern, never the URL: there are few of them, and nothing of a request is in them. */
  count(method: string, route: string, status: number): void;
  /** All counts, as lines of the Prometheus text format. */
  lines(): readonly string[];
}

/** A counter that has seen nothing. */
export function createRequestCounter(): RequestCounter {
  const counts = new Map<string, number>();
  return {
    count(method, route, status) {
      const labels = `method="${method}",route="${route}",status="${status}"`;
      counts.set(labels, (counts.get(labels) ?? 0) + 1);
    },
    lines: () => [...counts].map(([labels, count]) => `hilum_http_requests_total{${labels}} ${count}`),
  };
}

/** What the service does, in the Prometheus text format 0.0.4. */
export async function metricsText(jobs: JobService, requests: RequestCounter): Promise<string> {
  const { states, oldestQueuedAgeMs, ready } = await jobs.statistics();
  const { rss, heapUsed } = process.memoryUsage();
  const lines = [
    ...family("hilum_jobs", "gauge", "Jobs by state.", Object.entries(states).map(([state, count]) => `hilum_jobs{state="${state}"} ${count}`)),
    ...family("hilum_oldest_queued_seconds", "gauge", "Age of the job that has waited longest.", [`hilum_oldest_queued_seconds ${oldestQueuedAgeMs / 1000}`]),
    ...family("hilum_ready", "gauge", "Whether the database is up and old requests are reconciled.", [`hilum_ready ${ready ? 1 : 0}`]),
    ...family("hilum_http_requests_total", "counter", "Answers by route and status.", requests.lines()),
    ...family("process_resident_memory_bytes", "gauge", "Resident memory of the server, without its children.", [`process_resident_memory_bytes ${rss}`]),
    ...family("nodejs_heap_used_bytes", "gauge", "Heap in use.", [`nodejs_heap_used_bytes ${heapUsed}`]),
    ...family("process_uptime_seconds", "gauge", "Time since the start.", [`process_uptime_seconds ${process.uptime()}`]),
  ];
  return `${lines.join("\n")}\n`;
}

function family(name: string, type: "gauge" | "counter", help: string, samples: readonly string[]): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples];
}
