import type { JobEvent } from "@hilum/core";

/** Shows a job's events: a moving line on a terminal, a line for each pass elsewhere. */
export function progressLine(stream: NodeJS.WriteStream): (event: JobEvent) => void {
  const started = performance.now();
  const clear = (): void => void (stream.isTTY && stream.write("\r\u001B[K"));
  let pass = "";
  return (event) => {
    if (event.type === "warning") {
      clear();
      stream.write(`warning ${event.warning.code}: ${event.warning.message}\n`);
    } else if (event.type === "started" && !stream.isTTY) {
      stream.write(`${event.job}: ${event.passes.join(", then ")} (${event.total} slices)\n`);
    } else if (event.type === "progress" && stream.isTTY) {
      stream.write(`\r\u001B[K${progressText(event, performance.now() - started)}`);
    } else if (event.type === "progress" && event.pass !== pass) {
      pass = event.pass;
      stream.write(`  ${pass}\n`);
    } else if (event.type === "succeeded" || event.type === "failed" || event.type === "cancelled") clear();
  };
}

function progressText(event: Extract<JobEvent, { type: "progress" }>, elapsedMs: number): string {
  const share = event.done / event.total;
  const bar = "█".repeat(Math.round(share * 20)).padEnd(20, "░");
  const rate = (event.done / elapsedMs) * 1000;
  const left = Math.ceil((event.total - event.done) / rate);
  return `${bar} ${String(Math.round(share * 100)).padStart(3)} %  ${event.pass}  ${event.done}/${event.total} slices  ${rate.toFixed(0)}/s  ${left} s left`;
}
