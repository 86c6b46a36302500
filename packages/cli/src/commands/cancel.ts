import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { createServiceClient, withServiceOptions, type ServiceOptions } from "../service-client.ts";
import { commandWithCommonOptions } from "./common-options.ts";

/** `hilum cancel UID`: cancels a job of a service that has not ended. */
export function cancelCommand({ signal }: CommandContext): Command {
  const command = commandWithCommonOptions("cancel").description("Cancels a job of a service that has not ended.").argument("<uid>", "what `hilum submit` printed");
  return withServiceOptions(command).action(async (uid: string, options: ServiceOptions) => {
    const { state } = await createServiceClient(options, signal).request<{ readonly state: string }>("DELETE", `/jobs/${encodeURIComponent(uid)}`);
    process.stdout.write(`${state}\n`);
  });
}
