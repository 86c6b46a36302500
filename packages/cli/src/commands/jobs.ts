import type { Command } from "commander";
import type { Step } from "@hilum/core";
import type { CommandContext } from "../command-context.ts";
import { commandWithCommonOptions } from "./common-options.ts";

/** `hilum jobs`: the entries that `hilum run` takes. */
export function jobsCommand({ host }: CommandContext): Command {
  return commandWithCommonOptions("jobs")
    .description("Lists the jobs that `hilum run` takes.")
    .option("--json", "as JSON, with the JSON Schema of every step's configuration")
    .action((options: { readonly json?: boolean }) => {
      const jobs = host.jobs.list();
      if (options.json !== true) {
        for (const job of jobs) {
          const steps = [...job.preprocess, ...job.process, ...job.postprocess].map(stepName).join(" → ");
          const aliases = job.aliases === undefined ? "" : ` (also ${job.aliases.join(", ")})`;
          process.stdout.write(`${job.name}${aliases}: ${job.title}\n  ${steps}\n`);
        }
        return;
      }
      const schemaOf = (step: Step): unknown =>
        "invert" in step ? step : { ...step, schema: host.processors.get(step.processor).config["~standard"].jsonSchema.input({ target: "draft-2020-12" }) };
      const described = jobs.map((job) => ({
        ...job,
        preprocess: job.preprocess.map(schemaOf),
        process: job.process.map(schemaOf),
        postprocess: job.postprocess.map(schemaOf),
      }));
      process.stdout.write(`${JSON.stringify(described, undefined, 2)}\n`);
    });
}

function stepName(step: Step): string {
  return "invert" in step ? `invert ${step.invert}` : step.processor;
}
