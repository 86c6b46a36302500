/** Below this a person does not wait. */
const PATIENCE_MS = 300;

/** How far a survey is, on a terminal that shows it; nothing elsewhere. */
export function surveyProgress(stream: Pick<NodeJS.WriteStream, "isTTY" | "write">): { readonly show: (done: number, total: number) => void; readonly clear: () => void } {
  if (!stream.isTTY) return { show: () => {}, clear: () => {} };
  const line = (text: string): void => void stream.write(`\r\u001B[K${text}`);
  const started = performance.now();
  const waiting = setTimeout(() => line("Reading headers …"), PATIENCE_MS);
  return {
    show(done, total) {
      if (performance.now() - started > PATIENCE_MS) line(`Assembling series ${done} of ${total} …`);
    },
    clear() {
      clearTimeout(waiting);
      line("");
    },
  };
}
