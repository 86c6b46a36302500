import type { FormatCodec } from "./format-codec.ts";
import type { AnyJobProcessor } from "./job-processor.ts";
import type { JobDefinition } from "./job.ts";
import type { Token } from "../tokens.ts";

/** The version of these contracts; a host refuses plugins of another. */
export const API_VERSION = 1;

/** What a plugin adds to a host. */
export interface Contributions {
  readonly codecs?: readonly FormatCodec[];
  readonly processors?: readonly AnyJobProcessor[];
  readonly jobs?: readonly JobDefinition[];
}

/** Named dependencies of a plugin: each name stands for what is bound to its token. */
export type Requirements = { readonly [name: string]: Token<unknown> };

/** The values that stand for a plugin's requirements. */
export type Resolved<R extends Requirements> = { readonly [K in keyof R]: R[K] extends Token<infer T> ? T : never };

/** A declared plugin. Importing one does nothing; a host composes it. */
export interface HilumPlugin extends Contributions {
  readonly apiVersion: number;
  /** The npm name, e.g. "@hilum/plugin-dicom". */
  readonly name: string;
  readonly version: string;
  /** `import.meta.url` of the module that declares it. */
  readonly module: string;
  readonly requires?: Requirements;
  /** Called once for each host, with what `requires` names; what it returns is added to the rest. */
  readonly setup?: (resolved: Record<string, unknown>) => Contributions;
}

/** What {@link definePlugin} takes. */
export interface PluginDeclaration<R extends Requirements> extends Contributions {
  readonly name: string;
  readonly version: string;
  readonly module: string;
  readonly requires?: R;
  readonly setup?: (resolved: Resolved<R>) => Contributions;
}

/**
 * Declares a plugin. Give it as the default export of the plugin's module.
 * @throws {TypeError} when name or version is missing, or `requires` stands without `setup`.
 */
export function definePlugin<const R extends Requirements = Record<never, never>>(declaration: PluginDeclaration<R>): HilumPlugin {
  if (!declaration.name || !declaration.version) throw new TypeError("a plugin needs a name and a version");
  if (declaration.requires !== undefined && declaration.setup === undefined)
    throw new TypeError(`plugin ${declaration.name} requires tokens and has no setup to receive them`);
  // The host passes exactly what `requires` names, so the wider signature is safe.
  return Object.freeze({ ...declaration, apiVersion: API_VERSION }) as HilumPlugin;
}
