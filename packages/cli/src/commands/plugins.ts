import type { Command } from "commander";
import type { HilumPlugin } from "@hilum/core";
import type { CommandContext } from "../command-context.ts";
import { commandWithCommonOptions } from "./common-options.ts";

/** `hilum plugins`: what is loaded, and what each plugin brings. */
export function pluginsCommand({ host }: CommandContext): Command {
  return commandWithCommonOptions("plugins")
    .description("Lists the plugins, and the codecs, processors and jobs of the host.")
    .option("--json", "as JSON")
    .action((options: { readonly json?: boolean }) => {
      process.stdout.write(options.json === true ? `${JSON.stringify(describe(host.plugins, host), undefined, 2)}\n` : table(host));
    });
}

function describe(plugins: readonly HilumPlugin[], host: CommandContext["host"]) {
  return {
    plugins: plugins.map(({ name, version, apiVersion }) => ({ name, version, apiVersion })),
    codecs: host.codecs.list().map(({ id, title, extensions, mediaTypes, reader, writer }) => ({ id, title, extensions, mediaTypes, reads: reader !== undefined, writes: writer !== undefined })),
    processors: host.processors.list().map(({ id, title }) => ({ id, title })),
    jobs: host.jobs.list().map(({ name, title }) => ({ name, title })),
  };
}

function table(host: CommandContext["host"]): string {
  const rows = [
    ...host.plugins.map(({ name, version }) => ["plugin", name, version]),
    ...host.codecs.list().map((codec) => ["codec", codec.id, `${codec.title} (${[codec.reader && "reads", codec.writer && "writes"].filter(Boolean).join(", ")})`]),
    ...host.processors.list().map(({ id, title }) => ["processor", id, title]),
    ...host.jobs.list().map(({ name, title }) => ["job", name, title]),
  ];
  return rows.map(([kind = "", name = "", text = ""]) => `${kind.padEnd(10)} ${name.padEnd(28)} ${text}\n`).join("");
}
