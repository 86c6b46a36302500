import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { transferSyntaxOf } from "./transfer-syntaxes.ts";

const PYTHON = "/usr/bin/python3";
const present = existsSync(PYTHON);

const SCRIPT = String.raw`
import json
from pydicom.uid import UID
from pydicom._uid_dict import UID_dictionary
uids = [UID(uid) for uid, row in UID_dictionary.items() if row[1] == "Transfer Syntax"]
print(json.dumps([dict(uid=u, name=u.name, deflated=u.is_deflated, bigEndian=not u.is_little_endian, explicitVr=not u.is_implicit_VR) for u in uids]))
`;

describe.skipIf(!present)(`transfer syntaxes${present ? "" : " (skipped: no Debian Python with pydicom)"}`, () => {
  const known = present ? (JSON.parse(execFileSync(PYTHON, ["-c", SCRIPT], { encoding: "utf8" })) as readonly Record<string, string>[]) : [];

  test("are many", () => {
    expect(known.length).toBeGreaterThan(45);
  });

  test.each(known.map((row) => [row["name"] as string, row] as const))("%s has the name that pydicom knows, and its form", (name, { uid, ...form }) => {
    const { encapsulated: _, readable: __, ...ours } = transferSyntaxOf(uid as string) as NonNullable<ReturnType<typeof transferSyntaxOf>>;
    // pydicom 2 counts neither JPIP Referenced Deflate as deflated, nor Papyrus as implicit.
    const told = name.startsWith("JPIP") || name.startsWith("Papyrus") ? { ...form, deflated: ours.deflated, explicitVr: ours.explicitVr } : form;
    expect({ ...ours, name: ours.name.replace("&", "and") }).toEqual({ ...told, name });
  });
});
