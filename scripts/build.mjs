// Bundles every package's sources to dist/: what npm publishes, and the command line as one file that starts in a blink.
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const resolve = { conditionNames: ["hilum-source", "node", "import", "default"] };
/** Large, or with files of their own beside them: imported when needed, never bundled. */
const LAZY = [/^h5wasm(\/|$)/, /^dcmjs(\/|$)/, /^dcmjs-codecs(\/|$)/, /^pg-boss(\/|$)/, /^@electric-sql\//, /^@?fastify/, /^yazl(\/|$)/];

/**
 * Built-in modules that cost the most at every start, loaded on use: node:crypto, node:zlib (and node:stream with it), and what starts
 * processes (commander imports it, and Hilum has no such subcommands).
 */
const PLAIN_BUILTINS = {
  "node:crypto": ["createHash", "hash", "randomBytes", "randomUUID", "timingSafeEqual"]
    .map((name) => `export const ${name} = (...args) => process.getBuiltinModule("node:crypto").${name}(...args);`)
    .join("\n"),
  "node:zlib": ["crc32", "deflate", "inflateRawSync"].map((name) => `export const ${name} = (...args) => process.getBuiltinModule("node:zlib").${name}(...args);`).join("\n"),
  "node:child_process": 'export default { spawn: (...args) => process.getBuiltinModule("node:child_process").spawn(...args) };',
};
const plainBuiltins = {
  name: "plain-builtins",
  resolveId: (id, importer) => (id in PLAIN_BUILTINS && (id !== "node:child_process" || importer?.includes("/commander/")) ? `\0plain:${id}` : null),
  load: (id) => (id.startsWith("\0plain:") ? PLAIN_BUILTINS[id.slice("\0plain:".length)] : null),
};

/** The service's commands are a program beside the command line: in one build, what both share would be cut out of both. */
const serviceBeside = {
  name: "service-beside",
  resolveId: (id, importer) => (id === "./service.ts" && importer?.endsWith("/cli.ts") ? { id: "./service.js", external: true } : null),
};

/** @param options of rolldown, beyond what every bundle here shares. */
async function bundle(input, dir, external, options = {}, outputOptions = {}) {
  const build = await rolldown({
    input,
    platform: "node",
    resolve,
    external,
    treeshake: true,
    ...options,
    onLog(level, log, handler) {
      // Left as a warning, a package that is not found would stay outside the bundle and be missed only at run time.
      if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message);
      handler(level, log);
    },
  });
  const { output } = await build.write({ dir, format: "esm", entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js", ...outputOptions });
  await build.close();
  return output.flatMap((chunk) => Object.keys(chunk.modules ?? {}));
}

/** The source behind each entry of a package's "exports". */
function entriesOf(folder) {
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return Object.fromEntries(
    Object.values(exports ?? {}).flatMap((entry) => {
      const source = entry["hilum-source"];
      // A plain file, e.g. a JSON Schema, is exported as it is.
      if (source === undefined) return [];
      return [[source.replace(/^\.\/src\/(.*)\.ts$/, "$1"), join(folder, source)]];
    }),
  );
}

/** Programs that a package starts by itself, found in the folder of whatever bundle holds the package. */
const PROGRAMS = { dicom: { "decoder-child": "src/pixels/decoder-child.ts" } };
const programsOf = (name, folder) => Object.fromEntries(Object.entries(PROGRAMS[name] ?? {}).map(([program, source]) => [program, join(folder, source)]));

for (const group of ["packages", "plugins"])
  for (const name of readdirSync(join(root, group))) {
    const folder = join(root, group, name);
    if (!existsSync(join(folder, "package.json"))) continue;
    rmSync(join(folder, "dist"), { recursive: true, force: true });
    await bundle({ ...entriesOf(folder), ...programsOf(name, folder) }, join(folder, "dist"), (id) => !id.startsWith(".") && !id.startsWith("/"));
  }
// One after the other, so that the command line stays one file that is read at once.
const dist = join(root, "packages/cli/dist");
const modules = new Set();
const minify = { compress: true, mangle: false, codegen: { removeWhitespace: true } };
/** Node loads one CommonJS file faster than one ES module: the command that everybody starts is such a file. */
const commonJs = {
  format: "cjs",
  entryFileNames: "[name].cjs",
  chunkFileNames: "chunks/[name]-[hash].cjs",
  // What several parts need is one more file, and not one for each set of parts.
  codeSplitting: { groups: [{ name: "shared", minShareCount: 2 }] },
  banner: 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;',
};
for (const [program, options, outputOptions, source = join(root, `packages/cli/src/${program}.ts`)] of [
  ["cli", { plugins: [plainBuiltins, serviceBeside], transform: { define: { "import.meta.url": "__moduleUrl" } } }, commonJs],
  ["service", {}, {}],
  ["job-child", {}, {}],
  ["decoder-child", {}, {}, join(root, "plugins/dicom", PROGRAMS.dicom["decoder-child"])],
])
  for (const module of await bundle({ [program]: source }, dist, LAZY, options, { minify, ...outputOptions })) modules.add(module);
// What the launcher looks at to know whether the programs are as new as their sources.
const sources = [...modules].filter((module) => existsSync(module) && !module.includes("node_modules")).map((module) => relative(dist, module));
writeFileSync(join(dist, "sources.json"), JSON.stringify(sources.sort()));
