import type { Workspace } from "./workspace.ts";

/** One breach of a rule: where, and why it matters. */
export interface Violation {
  /** A path from the workspace's root, with ":line" where there is one. */
  readonly place: string;
  readonly reason: string;
}

/** Looks at the whole workspace and names every breach; an empty list is a workspace that keeps the rule. */
export type Rule = (workspace: Workspace) => readonly Violation[];
