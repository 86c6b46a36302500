import { isHilumError } from "@hilum/core";

/** An error as a person reads it: code, one sentence, what to do; the stack and the causes only with `--debug`. */
export function renderError(error: unknown, debug: boolean): string {
  const lines = isHilumError(error)
    ? [`error ${error.code}: ${error.message}`, `  ${error.remedy}`]
    : ["error INTERNAL: Something failed that should not be able to.", "  This is a defect of Hilum: report it with the command and --debug's output."];
  if (debug) for (let at: unknown = error; at instanceof Error; at = at.cause) lines.push(at.stack ?? String(at));
  return `${lines.join("\n")}\n`;
}
