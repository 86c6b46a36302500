import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { progressLine } from "../render/progress-line.ts";
import { createServiceClient, serviceError, withServiceOptions, type ServiceEvent, type ServiceOptions } from "../service-client.ts";
import { commandWithCommonOptions } from "./common-options.ts";

interface StatusOptions extends ServiceOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

interface ServiceJob {
  readonly job: string;
  readonly state: string;
  readonly progress?: { readonly pass: string; readonly done: number; readonly total: number };
  readonly outputPath?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly remedy?: string };
}

/** The exit status of what was cancelled, as of a command that was interrupted. */
const CANCELLED = 130;

/** `hilum status UID`: how a job of a service stands, or its progress until it ends. */
export function statusCommand({ signal }: CommandContext): Command {
  const command = commandWithCommonOptions("status")
    .description("Says how a job of a service stands. Ends with 0, with 130 where the job was cancelled, and where it failed with the status of its error.")
    .argument("<uid>", "what `hilum submit` printed")
    .option("--watch", "show its progress until it ends")
    .option("--json", "all that the service knows, as JSON");
  return withServiceOptions(command).action(async (uid: string, options: StatusOptions) => {
    const client = createServiceClient(options, signal);
    if (options.watch === true) {
      const show = eventLine();
      for await (const event of client.events(uid)) show(event);
    }
    const job = await client.request<ServiceJob>("GET", `/jobs/${encodeURIComponent(uid)}`);
    process.stdout.write(options.json === true ? `${JSON.stringify(job, undefined, 2)}\n` : sentence(job));
    // No error and no success: nothing is to be said but the exit status, which whoever started the command sets to 0 before.
    if (job.state === "cancelled") process.once("exit", () => void (process.exitCode ||= CANCELLED));
    // Said as the command says its own errors, with the exit status of its category.
    if (job.state === "failed") throw serviceError(job.error?.code ?? "INTERNAL", job.error?.message ?? "The job failed.", job.error?.remedy);
  });
}

function sentence({ job, state, progress, outputPath }: ServiceJob): string {
  const share = progress === undefined || state !== "running" ? "" : `, ${progress.done} of ${progress.total} slices (${progress.pass})`;
  return `${job}: ${state}${share}${state === "succeeded" && outputPath !== undefined ? `, ${outputPath}` : ""}\n`;
}

function eventLine(): (event: ServiceEvent) => void {
  const show = progressLine(process.stderr);
  return ({ type, data }) => {
    const facts = data as Record<string, unknown>;
    if (type === "progress") show({ type, pass: String(facts["pass"]), done: Number(facts["done"]), total: Number(facts["total"]) });
    else if (type === "warning") show({ type, warning: { code: String(facts["code"]), message: String(facts["message"]) } });
    // Clears the moving line, so that the next words stand alone.
    else if (facts["state"] !== "running") show({ type: "cancelled" });
  };
}
