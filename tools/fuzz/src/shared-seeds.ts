import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chooseSeeds, type FuzzSeed, type OracleImage } from "@hilum/testing/mutate";

const DATA = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));

/** The seeds of the DICOM tests (`../shared/data`), as paths of files. */
export function sharedSeeds(): readonly FuzzSeed[] {
  const { files } = JSON.parse(readFileSync(`${DATA}oracle.json`, "utf8")) as { readonly files: readonly OracleImage[] };
  return chooseSeeds(files).map(({ path, beside }) => ({ path: DATA + path, beside: beside.map((other) => DATA + other) }));
}
