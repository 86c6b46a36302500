import { globalUses } from "../global-uses.ts";
import type { Rule } from "../rule.ts";

const CONSOLE: ReadonlySet<string> = new Set(["console"]);

/** No shipped source writes to the console. */
export const noConsole: Rule = ({ projects }) =>
  projects
    .filter(({ layer }) => layer !== "layer:tool")
    .flatMap(({ sources }) =>
      sources
        .filter(({ role }) => role === "shipped")
        .flatMap(({ path, code }) =>
          globalUses(code, CONSOLE).map(({ line }) => ({
            place: `${path}:${line}`,
            reason: "uses the console, which no host can silence, redirect or keep patient values out of: take the Logger",
          })),
        ),
    );
