import type { DayTime, ImageHeader } from "./image-header.ts";

const SECONDS_OF_A_DAY = 86_400;

/** Which of an image's times is meant. */
export type TimeOf = (image: ImageHeader) => DayTime;

export const acquisitionTimeOf: TimeOf = (image) => image.acquired;
export const contentTimeOf: TimeOf = (image) => image.content;

/** Seconds of each image from the earliest of them; undefined where an image lacks the time. Days count where all have them. */
export function secondsFromEarliest(images: readonly ImageHeader[], timeOf: TimeOf): ReadonlyMap<ImageHeader, number> | undefined {
  const withDays = images.every((image) => timeOf(image).day !== undefined);
  const seconds = new Map<ImageHeader, number>();
  let earliest = Number.POSITIVE_INFINITY;
  for (const image of images) {
    const time = timeOf(image);
    if (time.seconds === undefined) return undefined;
    const at = time.seconds + (withDays ? (time.day as number) * SECONDS_OF_A_DAY : 0);
    seconds.set(image, at);
    earliest = Math.min(earliest, at);
  }
  for (const [image, at] of seconds) seconds.set(image, at - earliest);
  return seconds;
}
