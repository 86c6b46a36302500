import { readFileSync } from "node:fs";

/** The version of the `hilum` package. */
export function hilumVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}
