import { createHash } from "node:crypto";
import { closeSync, constants, fsyncSync, linkSync, lstatSync, mkdirSync, openSync, readSync, realpathSync, renameSync, rmSync, statSync, unlinkSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { HilumError, type Sink } from "@hilum/core";
import { createStagedFile, type StagedFile } from "./staged-file.ts";
import { createStagingDirectory } from "./staging-directory.ts";
import { storageError } from "./storage-error.ts";

/** Where an output goes. */
export interface OutputPlace {
  readonly path: string;
  readonly kind: "file" | "directory";
  readonly sidecar?: string;
}

/** A finished file of an output. */
export interface OutputFile {
  /** Name inside the output directory; "" for the output file itself, "sidecar" for the sidecar. */
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of its bytes as read back, hexadecimal; absent where nobody asked for it. */
  readonly sha256?: string;
}

/** An output in the making: a sink for the writer, and its end. */
export interface Output {
  readonly sink: Sink;
  /** Forces everything to the disk, takes digests if they are wanted, and lets it appear under its final name, all of it or nothing. */
  commit(digests: boolean): Promise<readonly OutputFile[]>;
  /** Takes everything away; does nothing after a commit. */
  abort(): Promise<void>;
}

/** Files that are forced to the disk at one time. */
const SYNC_CONCURRENCY = 4;

/**
 * Checks that an output may appear where it shall, before anything is read or written.
 * @throws {HilumError} OUTPUT_EXISTS, OUTPUT_NOT_WRITABLE; INVALID_JOB when it lies inside an input.
 */
export function checkOutputPlace(place: OutputPlace, inputs: readonly string[]): void {
  const paths = [place.path, ...(place.sidecar === undefined ? [] : [place.sidecar])].map((path) => resolve(path));
  if (new Set(paths).size < paths.length) throw new HilumError("USAGE", "The output and its sidecar have the same path.");
  for (const path of paths) {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
      throw new HilumError("OUTPUT_EXISTS", "The output is there already and was left untouched.");
    const parent = dirname(path);
    if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory())
      throw new HilumError("OUTPUT_NOT_WRITABLE", "The directory that the output should go into does not exist.", { remedy: "Create it first." });
    const real = join(realpathSync(parent), path.slice(parent.length));
    for (const input of inputs.map((one) => realpathSync(resolve(one))))
      if (real.startsWith(input + sep))
        throw new HilumError("INVALID_JOB", "The output lies inside the input, which is never written to.", { remedy: "Choose a path outside the input." });
  }
}

/** Opens an output whose place was checked. */
export function createOutput(place: OutputPlace): Output {
  const target = resolve(place.path);
  let staging: string;
  let sidecarStaging: string | undefined;
  try {
    staging = createStagingDirectory(target);
    // The sidecar may go to another file system than the output.
    sidecarStaging = place.sidecar === undefined ? undefined : createStagingDirectory(resolve(place.sidecar));
  } catch (cause) {
    throw storageError(cause);
  }
  const content = join(staging, "output");
  const files = new Map<string, StagedFile>();
  if (place.kind === "directory") mkdirSync(content, { mode: 0o700 });
  let lazySidecar: Promise<StagedFile> | undefined;
  const sidecarFile = (): Promise<StagedFile> => (lazySidecar ??= createStagedFile(join(sidecarStaging as string, "sidecar")));

  const openFile = async (name = ""): Promise<StagedFile> => {
    if ((name === "") !== (place.kind === "file")) throw new TypeError("a file output has one file without a name, a directory only files with names");
    if (/[/\\\0]|^\.{1,2}$/.test(name)) throw new TypeError("a file name in an output is a plain name");
    const known = files.get(name);
    if (known !== undefined) {
      await known.reopen();
      return known;
    }
    const file = await createStagedFile(name === "" ? content : join(content, name));
    files.set(name, file);
    return file;
  };

  const sink: Sink = {
    file: openFile,
    ...(sidecarStaging === undefined
      ? {}
      : {
          sidecar: {
            write: async (bytes, position) => (await sidecarFile()).write(bytes, position),
            read: () => 0,
            close: async () => (await sidecarFile()).close(),
          },
        }),
  };

  const removeStaging = (): void => {
    for (const directory of [staging, sidecarStaging]) if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  };

  return {
    sink,
    async commit(digests) {
      const sidecar = await lazySidecar;
      const all = [...files.entries(), ...(sidecar === undefined ? [] : [["sidecar", sidecar] as const])];
      const outputs = await syncAndDigest(all, digests);
      try {
        if (place.kind === "directory") syncDirectory(content);
        publish(content, target, place.kind);
        if (sidecar !== undefined) publishSidecar(sidecar.path, resolve(place.sidecar as string), target, place.kind);
        for (const parent of new Set([target, ...(sidecar === undefined ? [] : [resolve(place.sidecar as string)])].map(dirname))) syncDirectory(parent);
      } catch (cause) {
        throw cause instanceof HilumError ? cause : storageError(cause);
      }
      removeStaging();
      return outputs;
    },
    async abort() {
      const sidecar = await lazySidecar?.catch(() => undefined);
      for (const file of [...files.values(), sidecar]) await file?.close();
      removeStaging();
    },
  };
}

/** Forces files to the disk in the background; where digests are wanted, files are read back meanwhile. */
async function syncAndDigest(files: readonly (readonly [string, StagedFile])[], digests: boolean): Promise<OutputFile[]> {
  const outputs: OutputFile[] = [];
  const pending = new Set<Promise<void>>();
  for (const [name, file] of files) {
    const syncing = file.sync();
    pending.add(syncing);
    // Settled here so that a later failure of another file leaves no unhandled rejection; awaited below all the same.
    syncing.then(() => pending.delete(syncing), () => {});
    outputs.push({ name, bytes: file.size(), ...(digests ? { sha256: digestOf(file.path) } : {}) });
    if (pending.size >= SYNC_CONCURRENCY) await Promise.race(pending);
  }
  await Promise.all(pending);
  return outputs;
}

function digestOf(path: string): string {
  const hash = createHash("sha256");
  const chunk = Buffer.allocUnsafe(1 << 18);
  const handle = openSync(path, "r");
  try {
    for (let count = readSync(handle, chunk); count > 0; count = readSync(handle, chunk)) hash.update(chunk.subarray(0, count));
  } finally {
    closeSync(handle);
  }
  return hash.digest("hex");
}

/** A hard link fails where something stands at the target, which a rename would replace; a directory's rename fails by itself. */
function publish(from: string, target: string, kind: "file" | "directory"): void {
  if (kind === "directory") {
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) throw new HilumError("OUTPUT_EXISTS", "The output appeared while the job ran.");
    renameSync(from, target);
  } else {
    try {
      linkSync(from, target);
    } catch (error) {
      // Some file systems have no hard links.
      if (!["EPERM", "ENOTSUP", "ENOSYS"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
      if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) throw new HilumError("OUTPUT_EXISTS", "The output appeared while the job ran.");
      renameSync(from, target);
    }
  }
}

/** All or nothing for both: where the sidecar cannot appear, the output that just did goes again. */
function publishSidecar(from: string, sidecar: string, target: string, kind: "file" | "directory"): void {
  try {
    publish(from, sidecar, "file");
  } catch (error) {
    if (kind === "file") unlinkSync(target);
    else rmSync(target, { recursive: true });
    throw error;
  }
}

function syncDirectory(path: string): void {
  const handle = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
