import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { HilumError } from "@hilum/core";

/**
 * Takes the one lock of a data directory. The operating system gives it back when the process ends, however it ends.
 * @throws {HilumError} DATA_DIRECTORY_IN_USE when another service holds it.
 */
export function lockDataDirectory(lockFile: string): Disposable {
  // SQLite would make it with the mode of the umask.
  closeSync(openSync(lockFile, "a", 0o600));
  const database = new DatabaseSync(lockFile);
  try {
    // No journal beside it, and the lock stays for as long as the transaction is open.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    throw new HilumError("DATA_DIRECTORY_IN_USE", "Another service is working in this data directory.", { cause });
  }
  return { [Symbol.dispose]: () => database.close() };
}
