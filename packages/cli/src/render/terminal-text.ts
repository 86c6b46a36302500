/** What a terminal has at least, columns; nothing printed for a person is wider. */
export const TERMINAL_COLUMNS = 80;

/** Controls, line separators and what turns the direction of text: they could make a terminal say anything. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/gu;
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** East Asian Wide and Fullwidth (Unicode UAX #11), by blocks. */
const WIDE = /^[\u1100-\u115F\u2E80-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]$/u;

/** A text from a file as it may be printed: one line, and nothing that steers the terminal. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "\uFFFD");
}

/** Columns of a terminal that a printable text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The text in exactly so many columns: filled with spaces, or cut with "…". */
export function fitted(text: string, columns: number): string {
  const shown = widthOf(text) <= columns ? text : `${cutTo(text, columns - 1)}…`;
  return shown + " ".repeat(columns - widthOf(shown));
}

function cutTo(text: string, columns: number): string {
  let width = 0;
  let cut = "";
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) break;
    cut += character;
  }
  return cut;
}

/** Lines of at most so many columns, broken at spaces where there are any. */
export function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  let room = columns;
  const flush = (): void => {
    if (line !== "") lines.push(line.trimEnd());
    line = "";
    room = columns;
  };
  for (const word of text.split(" ")) {
    if (widthOf(word) > room && widthOf(word) <= columns) flush();
    // A word that no line can hold is broken where the line ends.
    for (const character of `${word} `) {
      const width = characterWidth(character);
      if (width > room && character !== " ") flush();
      if (character === " " && (room === 0 || line === "")) continue;
      line += character;
      room -= width;
    }
  }
  flush();
  return lines.length === 0 ? [""] : lines;
}

/** How parts of the output stand out; nothing, where nobody sees it. */
export interface Style {
  readonly strong: (text: string) => string;
  readonly good: (text: string) => string;
  readonly doubtful: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** Colours for a terminal that shows them (https://no-color.org says how a person turns them off); else plain text. */
export function styleFor(stream: { readonly isTTY?: boolean }): Style {
  const coloured = stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
  const sgr = (code: number) => (coloured ? (text: string) => `\u001B[${code}m${text}\u001B[0m` : (text: string) => text);
  return { strong: sgr(1), good: sgr(32), doubtful: sgr(33), bad: sgr(31) };
}
