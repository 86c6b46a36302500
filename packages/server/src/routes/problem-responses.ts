import { ProblemBody } from "../schemas.ts";
import { PROBLEM_MEDIA_TYPE } from "../problem.ts";

const TITLES: ReadonlyMap<number, string> = new Map([
  [400, "The request is wrong"],
  [401, "No token, or not the right one"],
  [403, "The path does not lie inside a root"],
  [404, "There is none"],
  [409, "Something is there already, or not yet"],
  [429, "Too much at one time; Retry-After says when to try again"],
]);

/** The error answers of a route, for its OpenAPI description. */
export function problems(...statuses: readonly number[]) {
  return Object.fromEntries([...statuses, 401, 429].map((status) => [status, { description: TITLES.get(status) ?? "Error", content: { [PROBLEM_MEDIA_TYPE]: { schema: ProblemBody } } }]));
}
