import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Hundreds of these start in a test, and most of a start is reading TypeScript. The service gives no cache along, and the temporary directory goes with the process.
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/compile", import.meta.url)));
const [{ runJobChild }, { testPlugin }] = await Promise.all([import("./run-job-child.ts"), import("./test-plugin.test-support.ts")]);
await runJobChild({ plugins: [testPlugin] });
