// The commands of the service, as one module that is imported when one of them is asked for: no conversion waits for a web server.
export { cancelCommand } from "./commands/cancel.ts";
export { serveCommand } from "./commands/serve.ts";
export { statusCommand } from "./commands/status.ts";
export { submitCommand } from "./commands/submit.ts";
