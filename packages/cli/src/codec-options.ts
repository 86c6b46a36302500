import { Option, type Command } from "commander";
import { HilumError, type ConfigSchema, type FormatCodec, type Json } from "@hilum/core";

interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: Json;
  readonly description?: string;
  readonly minimum?: number;
}

type Door = "reader" | "writer";

/**
 * The options of every codec's reader or writer, as options of a command: names, help and defaults come from their schemas.
 * Called last, since schemas take time at every start: where the command's own options cover all that was typed, nothing is added.
 */
export function addCodecOptions(command: Command, codecs: readonly FormatCodec[], doors: readonly Door[], args: readonly string[]): Command {
  const own = new Set(command.options.flatMap(({ long, short }) => [long, short]));
  if (args.every((arg) => !arg.startsWith("-") || own.has(arg.split("=")[0]))) return command;
  const byFlag = new Map<string, { readonly property: Property; readonly owners: string[] }>();
  for (const { door, codec, key, property } of everyOption(codecs, doors)) {
    const owner = `${codec.title} ${door === "reader" ? "input" : "output"}`;
    const known = byFlag.get(key);
    if (known === undefined) byFlag.set(key, { property, owners: [owner] });
    else known.owners.push(owner);
  }
  for (const [key, { property, owners }] of byFlag) {
    const flag = flagOf(key);
    const hint = property.default === undefined ? "" : `, default ${JSON.stringify(property.default)}`;
    const option = new Option(property.type === "boolean" ? flag : `${flag} <${property.enum?.join("|") ?? property.type ?? "value"}>`, `${property.description ?? ""} (${owners.join(", ")}${hint})`);
    if (property.type === "number" || property.type === "integer") option.argParser(numberFrom(flag));
    command.addOption(option);
  }
  return command;
}

/** How an option of a codec is typed. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Sorts what was given on the command line to the reader and the writer that it belongs to. */
export function codecOptionsFrom(
  given: Readonly<Record<string, Json>>,
  codecs: readonly FormatCodec[],
): { readonly input: Record<string, Json>; readonly output: Record<string, Json> } {
  if (Object.keys(given).length === 0) return { input: {}, output: {} };
  const keysAt = (door: Door): ReadonlySet<string> => new Set(everyOption(codecs, [door]).map((option) => option.key));
  const pick = (keys: ReadonlySet<string>): Record<string, Json> => Object.fromEntries(Object.entries(given).filter(([key]) => keys.has(key)));
  return { input: pick(keysAt("reader")), output: pick(keysAt("writer")) };
}

/** What a person can type as one word; whatever else a schema takes has an option of the command's own, or none. */
const TYPED: ReadonlySet<string | undefined> = new Set(["string", "number", "integer", "boolean"]);

function everyOption(codecs: readonly FormatCodec[], doors: readonly Door[]) {
  return codecs.flatMap((codec) =>
    doors.flatMap((door) =>
      Object.entries(propertiesOf(codec[door]?.options))
        .filter(([, property]) => TYPED.has(property.type) || property.enum !== undefined)
        .map(([key, property]) => ({ door, codec, key, property })),
    ),
  );
}

function propertiesOf(schema: ConfigSchema | undefined): Readonly<Record<string, Property>> {
  if (schema === undefined) return {};
  return (schema["~standard"].jsonSchema.input({ target: "draft-2020-12" }) as { properties?: Record<string, Property> }).properties ?? {};
}

function numberFrom(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value)) throw new HilumError("USAGE", `${flag} takes a number.`);
    return value;
  };
}
