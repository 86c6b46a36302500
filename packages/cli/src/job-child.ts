// The program of one job: `hilum serve` starts it for each attempt, with the plugins that it was started with itself.
import { loadPlugin } from "@hilum/host";
import { runJobChild } from "@hilum/jobs";
import { defaultPlugins } from "./default-plugins.ts";

await runJobChild({ plugins: [...defaultPlugins, ...(await Promise.all(process.argv.slice(2).map(loadPlugin)))] });
