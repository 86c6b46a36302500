import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { workspaceOf, type Workspace } from "./workspace.ts";

/** The root of this workspace. */
export const WORKSPACE_ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Reads every text file that git tracks or would track. */
export function readWorkspace(root: string): Workspace {
  const files = new Map<string, string>();
  for (const path of listFiles(root).toSorted()) {
    const text = readText(join(root, path));
    if (text !== undefined) files.set(path, text);
  }
  return workspaceOf(files);
}

function listFiles(root: string): readonly string[] {
  try {
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 1 << 26,
      stdio: ["ignore", "pipe", "ignore"],
    });
    if (listed !== "") return listed.split("\0").filter((path) => path !== "");
  } catch {
    // Not a git checkout, or no git here: an unpacked archive holds the same rules.
  }
  const ignored = new Set([".git", ...readFileSync(join(root, ".gitignore"), "utf8").split("\n").map((line) => line.replace(/\/$/, ""))]);
  return filesBelow(root, ignored).map((path) => relative(root, path).split(sep).join("/"));
}

function filesBelow(folder: string, ignored: ReadonlySet<string>): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (ignored.has(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(path, ignored) : [path];
  });
}

/** The text of a file; undefined for what is no text, no file, or gone since it was listed. */
function readText(path: string): string | undefined {
  try {
    const bytes = readFileSync(path);
    return bytes.includes(0) ? undefined : bytes.toString("utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EISDIR") return undefined;
    throw error;
  }
}
