// Plain JavaScript that older Nodes can run too: finds a Node that Hilum runs on, and the newest form of its code.
// CommonJS, since Node starts that faster than ES modules.
const { existsSync, readFileSync, statSync } = require("node:fs");
const { dirname, join } = require("node:path");

const NEEDED_MAJOR = 24;
const bundle = join(__dirname, "../dist/cli.cjs");
const source = join(__dirname, "../src/cli.ts");

/** Runs one of the commands ("hilum", "dicom2hdf5", "hdf52dicom") with the process' arguments. */
exports.launch = async function launch(command) {
  if (Number(process.versions.node.split(".")[0]) < NEEDED_MAJOR) return relaunch();
  const nodeModule = require("node:module");
  nodeModule.enableCompileCache();
  const fresh = bundleIsFresh();
  if (!fresh) nodeModule.registerHooks({ resolve: (specifier, context, next) => next(specifier, { ...context, conditions: [...context.conditions, "hilum-source"] }) });
  const { runCommand } = fresh ? require(bundle) : await import(require("node:url").pathToFileURL(source).href);
  const status = await runCommand(command, process.argv.slice(2));
  // Leaving at once spares the time of taking everything apart; what was printed has to be out first.
  process.stdout.write("", () => process.exit(status));
};

/** Runs the same script on the Node that the workspace brings as a devDependency. */
function relaunch() {
  let node;
  try {
    node = join(dirname(require.resolve("node/package.json")), "bin/node");
  } catch {
    node = undefined;
  }
  if (node === undefined || !existsSync(node)) {
    process.stderr.write(`hilum needs Node ${NEEDED_MAJOR} or later; this is Node ${process.versions.node}.\n  Install Node ${NEEDED_MAJOR}, or run \`npm ci\` in the checkout, which brings it.\n`);
    process.exitCode = 1;
    return;
  }
  // Loaded here alone: at every other start it would be time spent for nothing.
  const child = require("node:child_process").spawn(node, process.argv.slice(1), { stdio: "inherit" });
  // A terminal sends its interrupt to both processes: this one waits for the other to clean up.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => signal === "SIGINT" || child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? code : 128 + ({ SIGINT: 2, SIGKILL: 9, SIGTERM: 15, SIGHUP: 1 }[signal] ?? 0);
  });
}

/** Whether the bundle is newer than every source it was made from; a published package has no sources beside it. */
function bundleIsFresh() {
  if (!existsSync(source)) return true;
  try {
    const dist = dirname(bundle);
    const built = statSync(bundle).mtimeMs;
    // Some hundred files at every start: the system itself finds its way through "..", sooner than a join does.
    return JSON.parse(readFileSync(join(dist, "sources.json"), "utf8")).every((path) => statSync(`${dist}/${path}`).mtimeMs <= built);
  } catch {
    // Never built, or a source has gone.
    return false;
  }
}
