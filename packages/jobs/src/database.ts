import { existsSync, renameSync, rmSync } from "node:fs";
import type { Db } from "pg-boss";

/** A PostgreSQL that somebody provides: here one that is embedded (PGlite); an ordinary one can take its place. */
export interface Database extends AsyncDisposable {
  readonly backend: "pglite" | "postgres";
  readonly db: Db;
  /** Gives back the space of removed rows, where the database does not by itself. */
  tidy(): Promise<void>;
}

/** A damaged database may also hang; nothing that works takes so long. */
const OPEN_TIMEOUT_MS = 120_000;

/** Opens the embedded database of a directory, or makes it. The libraries are loaded only here: a first start takes seconds. */
export async function openDatabase(directory: string): Promise<Database> {
  const [{ PGlite }, { fromPglite }] = await Promise.all([import("@electric-sql/pglite"), import("pg-boss")]);
  const opening = PGlite.create(directory);
  const expired = AbortSignal.timeout(OPEN_TIMEOUT_MS);
  const pglite = await Promise.race([
    opening,
    new Promise<never>((_, reject) => {
      expired.addEventListener("abort", () => reject(expired.reason as Error));
    }),
  ]);
  return {
    backend: "pglite",
    db: fromPglite(pglite),
    async tidy() {
      await pglite.exec("VACUUM");
    },
    [Symbol.asyncDispose]: () => pglite.close(),
  };
}

/** Moves a database that cannot be used out of the way; the last one of its kind is kept. */
export function setDatabaseAside(directory: string): void {
  if (!existsSync(directory)) return;
  const aside = `${directory}.damaged`;
  rmSync(aside, { recursive: true, force: true });
  renameSync(directory, aside);
}
