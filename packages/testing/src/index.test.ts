import { expect, test } from "vitest";
import * as conformance from "./conformance/index.ts";
import * as mutate from "./mutate/index.ts";
import * as testing from "./index.ts";

test("offers just these names", () => {
  expect(Object.keys(testing).toSorted()).toEqual([
    "CANARY",
    "SOP_CLASS_UID",
    "codecContext",
    "createPhantom",
    "encodeDataSet",
    "encodePart10",
    "isPaddingAt",
    "memorySink",
    "memorySource",
    "phantomCodec",
    "phantomFile",
    "phantomPlugin",
    "readVoxels",
    "recordingLogger",
    "saveFiles",
    "scanSeries",
    "storedRangeOf",
    "storedValueAt",
    "temporaryDirectory",
  ]);
  expect(Object.keys(conformance).toSorted()).toEqual(["describeCodec", "describeProcessor", "describeReader", "phantomInput", "scanInput"]);
  expect(Object.keys(mutate).toSorted()).toEqual([
    "NEVER",
    "answerReadRequests",
    "chooseSeeds",
    "dcmdumpRejects",
    "elementFor",
    "fuzzReader",
    "mutantOf",
    "mutateDicom",
    "placeOf",
    "truncateDicom",
    "withBytesBefore",
    "withElementLength",
    "withElementValue",
  ]);
});
