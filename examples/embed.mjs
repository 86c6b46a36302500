// Embeds the host: blurs a series, shows its progress, and can be cancelled.
//   node examples/embed.mjs INPUT OUTPUT
import { createHost, defaultPlugins } from "hilum";

const [input, output] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("stopped by hand")));

await using host = await createHost({ plugins: defaultPlugins });
const report = await host.execute("gaussian-blur", input, output, {
  config: { "process.0": { sigma: 2 } },
  signal: stop.signal,
  onEvent: (event) => event.type === "progress" && console.log(`${event.pass}: ${event.done} of ${event.total} slices`),
});
console.log(`wrote ${report.outputs.length} file(s) with ${report.plugins.map((plugin) => plugin.name).join(", ")}`);
