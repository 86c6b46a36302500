import type { DayTime, ImageHeader } from "./image-header.ts";

const SECONDS_OF_A_DAY = 86_400;
/** A longer pause between times of day is the day, and midnight lies among the images. */
const LONGEST_PAUSE = SECONDS_OF_A_DAY / 2;

/** Which of an image's times is meant. */
export type TimeOf = (image: ImageHeader) => DayTime;

export const acquisitionTimeOf: TimeOf = (image) => image.acquired;
export const contentTimeOf: TimeOf = (image) => image.content;

/**
 * Seconds of each image from the earliest of them; undefined where an image lacks the time. Days count where all have them; else the
 * images before a long pause are of the next day, where Instance Numbers do not say that they came first.
 */
export function secondsFromEarliest(images: readonly ImageHeader[], timeOf: TimeOf): ReadonlyMap<ImageHeader, number> | undefined {
  const withDays = haveDays(images, timeOf);
  const seconds = new Map<ImageHeader, number>();
  let [earliest, latest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const image of images) {
    const time = timeOf(image);
    if (time.seconds === undefined) return undefined;
    const at = time.seconds + (withDays ? (time.day as number) * SECONDS_OF_A_DAY : 0);
    seconds.set(image, at);
    earliest = Math.min(earliest, at);
    latest = Math.max(latest, at);
  }
  const evening = withDays || latest - earliest <= LONGEST_PAUSE ? undefined : beginningInEvening(seconds);
  for (const [image, at] of seconds) seconds.set(image, at - (evening ?? earliest) + (evening !== undefined && at < evening ? SECONDS_OF_A_DAY : 0));
  return seconds;
}

/** Whether the times of images were taken to go past midnight without a date that says so. */
export function passMidnightUndated(images: readonly ImageHeader[], timeOf: TimeOf): boolean {
  if (haveDays(images, timeOf)) return false;
  const times = new Map(images.flatMap((image) => (timeOf(image).seconds === undefined ? [] : [[image, timeOf(image).seconds as number] as const])));
  return times.size === images.length && beginningInEvening(times) !== undefined;
}

function haveDays(images: readonly ImageHeader[], timeOf: TimeOf): boolean {
  return images.every((image) => timeOf(image).day !== undefined);
}

/** The time of day at which images that go past midnight begin; undefined where they do not. */
function beginningInEvening(times: ReadonlyMap<ImageHeader, number>): number | undefined {
  const sorted = [...times].sort(([, a], [, b]) => a - b);
  const cut = sorted.findIndex(([, at], index) => index > 0 && at - (sorted[index - 1]?.[1] as number) > LONGEST_PAUSE);
  if (cut < 0) return undefined;
  const lowestNumber = (some: typeof sorted): number => some.reduce((least, [{ instanceNumber = Number.POSITIVE_INFINITY }]) => Math.min(least, instanceNumber), Number.POSITIVE_INFINITY);
  return lowestNumber(sorted.slice(0, cut)) < lowestNumber(sorted.slice(cut)) ? undefined : sorted[cut]?.[1];
}
