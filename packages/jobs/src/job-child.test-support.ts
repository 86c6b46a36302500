import { runJobChild } from "./run-job-child.ts";
import { testPlugin } from "./test-plugin.test-support.ts";

await runJobChild({ plugins: [testPlugin] });
