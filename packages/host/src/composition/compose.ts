// The same entry as inversify takes: the other would be loaded beside it at every start.
import "reflect-metadata/lite";
import {
  API_VERSION,
  HilumError,
  Tokens,
  type AnyJobProcessor,
  type Contributions,
  type FormatCodec,
  type HilumPlugin,
  type JobDefinition,
  type Token,
} from "@hilum/core";
import { Container, ContainerModule, type ServiceIdentifier } from "inversify";
import { Registry } from "../registry.ts";
import { silentLogger } from "../silent-logger.ts";

/** A value for a token: replaces what a host binds by itself, adds to what is bound many times. */
export interface Binding {
  readonly token: Token<unknown>;
  readonly value: unknown;
}

/** Pairs a token with a value of its type. */
export function bindValue<T>(token: Token<T>, value: T): Binding {
  return { token, value };
}

/** What a host is made of, resolved once. */
export interface Composition {
  readonly codecs: Registry<FormatCodec>;
  readonly processors: Registry<AnyJobProcessor>;
  readonly jobDefinitions: readonly JobDefinition[];
  readonly plugins: readonly HilumPlugin[];
  resolve<T>(token: Token<T>): T;
}

const MANY: ReadonlySet<symbol> = new Set([Tokens.FormatCodec.symbol, Tokens.JobProcessor.symbol, Tokens.JobDefinition.symbol]);

// A token's symbol is what inversify binds by; the cast carries the token's type over.
const identifier = <T>(token: Token<T>): ServiceIdentifier<T> => token.symbol as ServiceIdentifier<T>;

const label = (plugin: HilumPlugin): string => `${plugin.name} ${plugin.version}`;

/**
 * Composes one inversify container from plugins and bindings.
 * @throws {HilumError} PLUGIN_INCOMPATIBLE, PLUGIN_CONFLICT, PLUGIN_LOAD_FAILED.
 */
export function compose(plugins: readonly HilumPlugin[], bindings: readonly Binding[]): Composition {
  const container = new Container();
  const single = bindings.filter(({ token }) => !MANY.has(token.symbol));
  const defaults: readonly Binding[] = [
    bindValue(Tokens.Logger, silentLogger),
    bindValue(Tokens.Clock, { now: () => new Date() }),
  ].filter(({ token }) => !single.some((own) => own.token.symbol === token.symbol));
  for (const { token, value } of [...defaults, ...single]) container.bind(identifier(token)).toConstantValue(value);

  const names = new Set<string>();
  const codecs = new Registry<FormatCodec>("codec", "UNKNOWN_CODEC");
  const processors = new Registry<AnyJobProcessor>("processor", "UNKNOWN_PROCESSOR");
  for (const plugin of plugins) {
    if (plugin.apiVersion !== API_VERSION)
      throw new HilumError("PLUGIN_INCOMPATIBLE", `Plugin ${label(plugin)} is made for contract version ${String(plugin.apiVersion)}, this host for ${API_VERSION}.`);
    if (names.has(plugin.name)) throw new HilumError("PLUGIN_CONFLICT", `Plugin ${plugin.name} is given twice.`);
    names.add(plugin.name);
    const contributions = contributionsOf(container, plugin);
    for (const codec of contributions.codecs ?? []) codecs.add(codec.id, codec, label(plugin));
    for (const processor of contributions.processors ?? []) processors.add(processor.id, processor, label(plugin));
    container.load(moduleOf(contributions));
  }
  for (const { token, value } of bindings.filter((binding) => MANY.has(binding.token.symbol))) {
    if (token.symbol === Tokens.FormatCodec.symbol) codecs.add((value as FormatCodec).id, value as FormatCodec, "the program");
    if (token.symbol === Tokens.JobProcessor.symbol) processors.add((value as AnyJobProcessor).id, value as AnyJobProcessor, "the program");
    container.bind(identifier(token)).toConstantValue(value);
  }
  return {
    codecs,
    processors,
    jobDefinitions: container.getAll(identifier(Tokens.JobDefinition), { optional: true }),
    plugins,
    resolve: (token) => container.get(identifier(token)),
  };
}

/** What a plugin declares and what its setup adds, with its requirements resolved by token. */
function contributionsOf(container: Container, plugin: HilumPlugin): Contributions {
  if (plugin.setup === undefined) return plugin;
  const requires = Object.entries(plugin.requires ?? {});
  const setup = plugin.setup;
  for (const [name, token] of requires)
    if (!container.isBound(identifier(token)))
      throw new HilumError("PLUGIN_LOAD_FAILED", `Plugin ${label(plugin)} requires "${name}" (${String(token.symbol.description)}), which this host does not provide.`, {
        remedy: "Bind the token when the host is created, or install the plugin that provides it.",
      });
  const own = Symbol(plugin.name) as ServiceIdentifier<Contributions>;
  container
    .bind(own)
    .toResolvedValue(
      (...values: unknown[]) => setup(Object.fromEntries(requires.map(([name], index) => [name, values[index]]))),
      requires.map(([, token]) => identifier(token)),
    )
    .inSingletonScope();
  try {
    const added = container.get(own);
    return {
      codecs: [...(plugin.codecs ?? []), ...(added.codecs ?? [])],
      processors: [...(plugin.processors ?? []), ...(added.processors ?? [])],
      jobs: [...(plugin.jobs ?? []), ...(added.jobs ?? [])],
    };
  } catch (cause) {
    throw new HilumError("PLUGIN_LOAD_FAILED", `The setup of plugin ${label(plugin)} failed.`, { cause });
  }
}

function moduleOf(contributions: Contributions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    for (const codec of contributions.codecs ?? []) bind(identifier(Tokens.FormatCodec)).toConstantValue(codec);
    for (const processor of contributions.processors ?? []) bind(identifier(Tokens.JobProcessor)).toConstantValue(processor);
    for (const job of contributions.jobs ?? []) bind(identifier(Tokens.JobDefinition)).toConstantValue(job);
  });
}
