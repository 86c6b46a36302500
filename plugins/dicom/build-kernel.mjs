// Compiles assembly/kernel.ts to WebAssembly and embeds the bytes in src/kernel.generated.ts.
// Run it by hand after a change of the kernel: node build-kernel.mjs
import { readFile, writeFile } from "node:fs/promises";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { main as compile } from "assemblyscript/asc";

const SOURCE = new URL("./assembly/kernel.ts", import.meta.url);
const GENERATED = new URL("./src/kernel.generated.ts", import.meta.url);

const OPTIONS = [
  "--outFile", "kernel.wasm",
  "--optimizeLevel", "3",
  "--noAssert",
  "--runtime", "stub",
  "--enable", "simd,threads",
  // Any shared memory of any size links: at least 0 and at most 65,536 pages of 64 KiB.
  "--importMemory", "--sharedMemory", "--noExportMemory", "--initialMemory", "0", "--maximumMemory", "65536",
];

/** Compiles the kernel. @returns {Promise<Uint8Array>} the bytes of the module */
export async function compileKernel() {
  const source = await readFile(SOURCE, "utf8");
  let bytes;
  const { error, stderr } = await compile(["kernel.ts", ...OPTIONS], {
    readFile: (name) => (name === "kernel.ts" ? source : null),
    writeFile: (_name, contents) => {
      bytes = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || bytes === undefined) throw new Error(`the kernel does not compile:\n${stderr.toString()}`);
  return bytes;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = await compileKernel();
  await writeFile(
    GENERATED,
    `// Made by build-kernel.mjs from assembly/kernel.ts: ${bytes.length} bytes of WebAssembly. Do not edit.\n` +
      `export const KERNEL_BASE64 =\n  "${Buffer.from(bytes).toString("base64")}";\n`,
  );
}
