import type { Rule, Violation } from "../rule.ts";

// Put together from parts, so that this file keeps its own rule.
const HOME_FOLDERS = ["work", "home", "root", "Users"];
const MACHINE_PATH = new RegExp(`(?<![\\w.@~)}*-])/(?:${HOME_FOLDERS.join("|")})/`);
const TOP_LEVEL = "(?:com|org|net|io|dev|cloud|app|local|internal|intranet|lan|corp)";
const REGISTRY_HOST = new RegExp(
  `\\b(?:npm\\.pkg\\.|(?:[\\w-]+\\.)*(?:registry|artifactory|nexus|verdaccio|jfrog|npmmirror)\\.)(?:[\\w-]+\\.)*${TOP_LEVEL}\\b|registry\\s*[=:]?\\s*["']?https?:`,
  "i",
);

/** No text file names a folder of one machine or the host of a package registry. */
export const machinePlaces: Rule = ({ files }) =>
  [...files].flatMap(([path, text]) =>
    text.split("\n").flatMap((line, index): Violation[] => {
      const place = `${path}:${index + 1}`;
      return [
        ...(MACHINE_PATH.test(line) ? [{ place, reason: "names a folder of one machine: nobody else has it" }] : []),
        ...(REGISTRY_HOST.test(line) ? [{ place, reason: "names the host of a package registry: each installation has its own, in its own npm configuration" }] : []),
      ];
    }),
  );

/** The lock file says what to install, not from where. */
export const lockWithoutAddresses: Rule = ({ files }) => {
  const place = "package-lock.json";
  const lock = JSON.parse(files.get(place) ?? "{}") as { readonly packages?: { readonly [path: string]: { readonly resolved?: string } } };
  return Object.entries(lock.packages ?? {}).flatMap(([path, { resolved }]) =>
    resolved !== undefined && resolved.includes(":") ? [{ place, reason: `"resolved" of ${path} is an address: set omit-lockfile-registry-resolved and make the file anew` }] : [],
  );
};
