import { checkOutputPlace, createOutput } from "./create-output.ts";

/**
 * Writes a file that must not be there yet; it appears whole or not at all, readable by its owner alone.
 * @param inputs what it must not lie inside of.
 * @throws {HilumError} as for a job's output: OUTPUT_EXISTS, OUTPUT_NOT_WRITABLE, INVALID_JOB, STORAGE_FULL.
 */
export async function createWholeFile(path: string, bytes: Uint8Array, inputs: readonly string[] = []): Promise<void> {
  const place = { path, kind: "file" } as const;
  checkOutputPlace(place, inputs);
  const output = createOutput(place);
  try {
    const file = await output.sink.file();
    await file.write(bytes, 0);
    await file.close();
    await output.commit(false);
  } catch (error) {
    await output.abort();
    throw error;
  }
}
