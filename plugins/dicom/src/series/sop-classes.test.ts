import { expect, test } from "vitest";
import { isImageStorage, reasonWithoutImage, requiresPlane } from "./sop-classes.ts";

// Names and UIDs from PS3.4 table B.5-1.
test.each([
  ["1.2.840.10008.1.3.10", "DICOMDIR"],
  ["1.2.840.10008.5.1.4.1.1.88.33", "structured report or key object selection"],
  ["1.2.840.10008.5.1.4.1.1.88.59", "structured report or key object selection"],
  ["1.2.840.10008.5.1.4.1.1.11.1", "presentation state"],
  ["1.2.840.10008.5.1.4.1.1.9.1.1", "waveform"],
  ["1.2.840.10008.5.1.4.1.1.481.3", "radiotherapy structures, plan or record"],
  ["1.2.840.10008.5.1.4.1.1.481.5", "radiotherapy structures, plan or record"],
  ["1.2.840.10008.5.1.4.1.1.104.1", "encapsulated document"],
  ["1.2.840.10008.5.1.4.1.1.66.4", "segmentation"],
  ["1.2.840.10008.5.1.4.1.1.66.7", "segmentation"],
  ["1.2.840.10008.5.1.4.1.1.66", "raw data, registration, fiducials or surfaces"],
])("%s holds no image: %s", (sopClass, reason) => {
  expect(reasonWithoutImage(sopClass)).toBe(reason);
  expect(isImageStorage(sopClass)).toBe(false);
});

test.each([
  ["CT", "1.2.840.10008.5.1.4.1.1.2"],
  ["MR", "1.2.840.10008.5.1.4.1.1.4"],
  ["PET", "1.2.840.10008.5.1.4.1.1.128"],
  ["RT Image", "1.2.840.10008.5.1.4.1.1.481.1"],
  ["RT Dose", "1.2.840.10008.5.1.4.1.1.481.2"],
  ["Enhanced RT Image", "1.2.840.10008.5.1.4.1.1.481.23"],
])("%s is an image", (_, sopClass) => {
  expect(isImageStorage(sopClass)).toBe(true);
});

test("a class of nobody's knowledge is neither", () => {
  expect([reasonWithoutImage("1.2.3"), isImageStorage("1.2.3")]).toEqual([undefined, false]);
});

test("must have a plane: CT, MR, PET and RT Dose in all their forms, and not what may lie anywhere", () => {
  const storage = (rest: string): string => `1.2.840.10008.5.1.4.1.1.${rest}`;
  expect(["2", "2.1", "2.2", "4", "4.1", "4.3", "4.4", "128", "128.1", "130", "481.2"].map(storage).every(requiresPlane)).toBe(true);
  expect(["1", "6.1", "3.1", "7", "7.3", "20", "12.1", "481.1", "4.2"].map(storage).some(requiresPlane)).toBe(false);
});
