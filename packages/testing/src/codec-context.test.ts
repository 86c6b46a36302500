import { expect, test } from "vitest";
import { codecContext } from "./codec-context.ts";

test("keeps what a codec logs and warns of", () => {
  const context = codecContext();
  context.logger.info("one");
  context.logger.debug("two");
  context.warn({ code: "X", message: "three" });
  expect(context.logger.lines).toEqual([{ level: "info", message: "one" }, { level: "debug", message: "two" }]);
  expect(context.warnings).toEqual([{ code: "X", message: "three" }]);
  expect(context.signal.aborted).toBe(false);
});
