import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { env } from "node:process";
import { describe, expect, it } from "vitest";
import { createApiProgram } from "./api-program.ts";
import { publicApi } from "./public-api.ts";
import { readWorkspace, WORKSPACE_ROOT } from "./read-workspace.ts";
import { undocumentedExports } from "./undocumented-exports.ts";

const RECORDS = new URL("../public-api/", import.meta.url);
const HOW_TO_ACCEPT =
  "Programs and plugins of others are written against these lines. If the change is meant, run the tests of tools/architecture " +
  "with UPDATE_PUBLIC_API=1, look at the difference, and say in a page of docs/decisions/ why it is worth what it costs them.";

const program = createApiProgram(WORKSPACE_ROOT, readWorkspace(WORKSPACE_ROOT));
const current = publicApi(program);
if (env["UPDATE_PUBLIC_API"] === "1") for (const [name, text] of current) writeFileSync(new URL(`${name}.txt`, RECORDS), text);

describe("the public API", () => {
  it.each([...current])("of %s is the one on record", (name, text) => {
    // oxlint-disable-next-line vitest/valid-expect -- who breaks a record has to be told how to change it
    expect(text, HOW_TO_ACCEPT).toBe(readRecord(name));
  });

  it("has a record for each package, and for nothing else", () => {
    // oxlint-disable-next-line vitest/valid-expect -- as above
    expect(readdirSync(RECORDS).toSorted(), HOW_TO_ACCEPT).toEqual([...current.keys()].map((name) => `${name}.txt`).toSorted());
  });

  it("is documented, every export of it", () => {
    expect(undocumentedExports(program).map(({ place, reason }) => `${place}  ${reason}`)).toEqual([]);
  });
});

function readRecord(name: string): string {
  try {
    return readFileSync(new URL(`${name}.txt`, RECORDS), "utf8");
  } catch {
    return "";
  }
}
