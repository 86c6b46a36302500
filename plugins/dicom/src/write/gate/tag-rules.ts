import { isEnhanced } from "../written-classes.ts";
import type { ExpectedInstance } from "./expected-series.ts";
import { changeableTags, staleTags } from "./meant-changes.ts";
import { DERIVATION_AT_THE_TOP, DERIVED_GROUPS, FRAME_TYPES, referencesTag } from "./meant-group-changes.ts";
import type { TemplateHeader } from "./template-header.ts";
import { TILE_CHANGES, tagsOfMosaic } from "./tile-tags.ts";

/** Which elements of a data set, of a file or an item of it, may differ from the template's. */
export interface TagRules {
  readonly changeable: ReadonlySet<number>;
  /** Must not be there. */
  readonly stale: ReadonlySet<number>;
  /** Groups whose lengths (gggg,0000) are wrong as soon as something of the group changes. */
  readonly changedGroups: ReadonlySet<number>;
  /** Sequences that have as many items as the template's, which keep these rules. */
  readonly within: ReadonlyMap<number, TagRules>;
}

/** The rules for the elements of a written file. */
export function tagRulesOf({ frames: [first], template: { sopClassUID, region } }: ExpectedInstance, template: TemplateHeader): TagRules {
  const { form } = first;
  const [changeable, stale] = [changeableTags(form), staleTags(form)];
  if (region !== undefined) return rules([...changeable, ...TILE_CHANGES], [...stale, ...tagsOfMosaic(template)]);
  if (!isEnhanced(sopClassUID)) return rules(changeable, stale);
  return rules(
    [...changeable].filter((tag) => !DERIVATION_AT_THE_TOP.has(tag)).concat(referencesTag(sopClassUID)),
    stale,
    [DERIVED_GROUPS.sharedFunctionalGroupsSequence, DERIVED_GROUPS.perFrameFunctionalGroupsSequence],
    GROUPS,
  );
}

function rules(changeable: Iterable<number>, stale: Iterable<number> = [], within: readonly number[] = [], inner?: TagRules): TagRules {
  const [may, mustNot] = [new Set([...changeable, ...within]), new Set(stale)];
  return {
    changeable: may,
    stale: mustNot,
    changedGroups: new Set([...may, ...mustNot].map((tag) => tag >>> 16)),
    within: new Map(inner === undefined ? [] : within.map((tag) => [tag, inner])),
  };
}

const GROUPS = rules([DERIVED_GROUPS.derivationImageSequence], [], FRAME_TYPES, rules([DERIVED_GROUPS.frameType]));
