import type { Rule, Violation } from "../rule.ts";

const CODE = /\.[cm]?[jt]s$/;
const KEBAB_FOLDER = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** Parts with dots between them say the kind of file: ".test", ".int.test", ".test-support", ".generated". */
const KEBAB_FILE = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+$/;
/** As the last word of a name, each of these says nothing about what is inside. */
const EMPTY_WORDS: ReadonlySet<string> = new Set(["util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"]);

/** Code is in kebab-case, and no file or folder has a name under which anything could be put. */
export const names: Rule = ({ files }) => {
  const folders = new Set<string>();
  const violations: Violation[] = [];
  const check = (path: string, name: string, pattern: RegExp): void => {
    const stem = name.split(".")[0] ?? "";
    if (!pattern.test(name)) violations.push({ place: path, reason: "is not in kebab-case: names that differ only in case meet on some file systems" });
    if (EMPTY_WORDS.has(stem.toLowerCase().split(/[-_]/).at(-1) ?? "")) violations.push({ place: path, reason: `"${stem}" fits anything: name it after what it exports` });
  };
  for (const path of files.keys()) {
    if (!CODE.test(path)) continue;
    const parts = path.split("/");
    parts.slice(0, -1).forEach((name, depth) => {
      const folder = parts.slice(0, depth + 1).join("/");
      if (!folders.has(folder)) check(folder, name, KEBAB_FOLDER);
      folders.add(folder);
    });
    check(path, parts.at(-1) ?? "", KEBAB_FILE);
  }
  return violations;
};
