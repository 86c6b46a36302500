import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deriveUid, PLACEHOLDER_UID } from "./derive-uid.ts";

const inputs = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 5 });

describe("deriveUid", () => {
  it("gives what Python's hashlib gives by the same rule", () => {
    const uid = deriveUid([
      ["kind", "instance"],
      ["source", "1.2.3"],
      ["pixels", "00ff"],
    ]);
    expect(uid).toBe("2.25.125873043797259944732365816878990474860");
  });

  it("always has 44 characters and keeps the grammar of PS3.5 9.1", () => {
    fc.assert(
      fc.property(inputs, (labelled) => {
        expect(deriveUid(labelled)).toMatch(/^2\.25\.[1-9]\d{38}$/);
      }),
    );
  });

  it("is the decimal of a UUID of version 8 with the variant of RFC 9562", () => {
    fc.assert(
      fc.property(inputs, (labelled) => {
        const hex = BigInt(deriveUid(labelled).slice(5)).toString(16).padStart(32, "0");
        expect(hex).toMatch(/^[0-9a-f]{12}8[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
      }),
    );
  });

  it("is the same for the same inputs", () => {
    fc.assert(
      fc.property(inputs, (labelled) => {
        expect(deriveUid(structuredClone(labelled))).toBe(deriveUid(labelled));
      }),
    );
  });

  it("never gives one UID for 100 000 different inputs", () => {
    const uids = new Set<string>();
    for (let i = 0; i < 100_000; i++) uids.add(deriveUid([["frame", `${i}`]]));
    expect(uids.size).toBe(100_000);
  });

  it("tells apart inputs whose texts run together alike", () => {
    const one = deriveUid([
      ["a", "b"],
      ["c", "d"],
    ]);
    expect(deriveUid([["a", "b\nc:1:d"]])).not.toBe(one);
    expect(deriveUid([["a", "bcd"]])).not.toBe(one);
  });

  it("has the length of its placeholder, so that it can be patched in place", () => {
    expect(PLACEHOLDER_UID).toMatch(/^2\.25\.[1-9]\d{38}$/);
  });
});
