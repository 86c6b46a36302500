import { describe, expect, test } from "vitest";
import { textDecodingFor } from "./text.ts";

/** Bytes as PS3.5 Annexes H to K write them: column/row of the code table, in decimal. */
function coded(text: string): Buffer {
  return Buffer.from(
    text.trim().split(/\s+/).map((code) => {
      const [column, row] = code.split("/").map(Number) as [number, number];
      return column * 16 + row;
    }),
  );
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

describe("one character set", () => {
  test.each([
    ["ISO_IR 100", "4d fc 6c 6c 65 72", "Müller"],
    ["ISO_IR 192", "4d c3 bc 6c 6c 65 72", "Müller"],
    ["ISO_IR 101", "57 61 b3 ea 73 61", "Wałęsa"],
    ["ISO_IR 109", "c6", "Ĉ"],
    ["ISO_IR 110", "bd", "Ŋ"],
    ["ISO_IR 144", "bb ee da 63 65 dc d1 e3 e0 d3", "Люкceмбург"],
    ["ISO_IR 127", "e2 c8 c7 e6 ea", "قباني"],
    ["ISO_IR 126", "c4 e9 ef ed f5 f3 e9 ef f2", "Διονυσιος"],
    ["ISO_IR 138", "f9 f8 e5 ef", "שרון"],
    ["ISO_IR 148", "c7 61 76 75 fe 6f f0 6c 75", "Çavuşoğlu"],
    ["ISO_IR 166", "b9 d2 c1", "นาม"],
    ["ISO_IR 203", "a4", "€"],
    ["ISO_IR 13", "d4 cf c0 de", "ﾔﾏﾀﾞ"],
    ["GB18030", "cd f5", "王"],
    ["GBK", "cd f5", "王"],
    // A backslash as second byte is part of the character.
    ["GB18030", "85 5c 41", "匼A"],
  ])("decodes %s", (terms, bytes, text) => {
    expect(textDecodingFor(terms)(hex(bytes))).toBe(text);
  });

  test("replaces what is not ASCII where no character set is named, and does not guess", () => {
    expect(textDecodingFor(undefined)(hex("4dfc6c6c6572"))).toBe("M\uFFFDller");
    expect(textDecodingFor("ISO_IR 999")(hex("411b2442"))).toBe("A\uFFFD$B");
  });
});

describe("the examples of PS3.5", () => {
  test("H.3.1: Japanese, first the default repertoire, then JIS X 0208", () => {
    const bytes = coded(`
      05/09 06/01 06/13 06/01 06/04 06/01 05/14 05/04 06/01 07/02 06/15 07/05 03/13
      01/11 02/04 04/02 03/11 03/03 04/05 04/04 01/11 02/08 04/02 05/14 01/11 02/04 04/02 04/02 04/00 04/15 03/10 01/11 02/08 04/02 03/13
      01/11 02/04 04/02 02/04 06/04 02/04 05/14 02/04 04/00 01/11 02/08 04/02 05/14 01/11 02/04 04/02 02/04 03/15 02/04 06/13 02/04 02/06 01/11 02/08 04/02`);
    expect(textDecodingFor("\\ISO 2022 IR 87")(bytes, "name")).toBe("Yamada^Tarou=山田^太郎=やまだ^たろう");
  });

  test("H.3.2: Japanese, first JIS X 0201, then JIS X 0208", () => {
    const bytes = coded(`
      13/04 12/15 12/00 13/14 05/14 12/00 13/11 11/03 03/13
      01/11 02/04 04/02 03/11 03/03 04/05 04/04 01/11 02/08 04/10 05/14 01/11 02/04 04/02 04/02 04/00 04/15 03/10 01/11 02/08 04/10 03/13
      01/11 02/04 04/02 02/04 06/04 02/04 05/14 02/04 04/00 01/11 02/08 04/10 05/14 01/11 02/04 04/02 02/04 03/15 02/04 06/13 02/04 02/06 01/11 02/08 04/10`);
    expect(textDecodingFor("ISO 2022 IR 13\\ISO 2022 IR 87")(bytes, "name")).toBe("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう");
  });

  test("I.2: Korean", () => {
    const bytes = coded(`
      04/08 06/15 06/14 06/07 05/14 04/07 06/09 06/12 06/04 06/15 06/14 06/07 03/13
      01/11 02/04 02/09 04/03 15/11 15/03 05/14 01/11 02/04 02/09 04/03 13/01 12/14 13/04 13/07 03/13
      01/11 02/04 02/09 04/03 12/08 10/11 05/14 01/11 02/04 02/09 04/03 11/01 14/06 11/05 11/15`);
    expect(textDecodingFor("\\ISO 2022 IR 149")(bytes, "name")).toBe("Hong^Gildong=洪^吉洞=홍^길동");
  });

  test("J.3: Chinese and more in UTF-8", () => {
    const bytes = hex("57616e67 5e 5869616f446f6e67 3d e78e8b 5e e5b08fe69db1 3d");
    expect(textDecodingFor("ISO_IR 192")(bytes, "name")).toBe("Wang^XiaoDong=王^小東=");
  });

  test("J.4: Chinese in GB18030", () => {
    const bytes = hex("57616e67 5e 5869616f446f6e67 3d cdf5 5e d0a1b6ab 3d");
    expect(textDecodingFor("GB18030")(bytes, "name")).toBe("Wang^XiaoDong=王^小东=");
  });

  test("K.2: Chinese by GB 2312 with code extensions", () => {
    const bytes = hex("5a68616e67 5e 5869616f446f6e67 3d 1b242941 d5c5 5e 1b242941 d0a1b6ab 3d");
    expect(textDecodingFor("\\ISO 2022 IR 58")(bytes, "name")).toBe("Zhang^XiaoDong=张^小东=");
  });
});

describe("code extensions (PS3.5 6.1.2.5)", () => {
  const decode = textDecodingFor("ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 87\\ISO 2022 IR 149\\ISO 2022 IR 159");
  const CYRILLIC = "1b2d4c bbee";

  test("the first set is there from the start, and others from their escape on", () => {
    expect(decode(hex(`fc ${CYRILLIC}`))).toBe("üЛю");
  });

  test.each([
    ["a backslash", "5c", "\\", "values", "ü"],
    ["a line feed", "0a", "\n", "text", "ü"],
    ["a carriage return", "0d", "\r", "text", "ü"],
    ["a form feed", "0c", "\f", "text", "ü"],
    ["a tabulator", "09", "\t", "text", "ü"],
    ["a caret of a name", "5e", "^", "name", "ü"],
    ["an equals sign of a name", "3d", "=", "name", "ü"],
  ] as const)("%s brings the first set back", (_, delimiter, text, place, after) => {
    expect(decode(hex(`${CYRILLIC} ${delimiter} fc`), place)).toBe(`Лю${text}${after}`);
  });

  test.each([
    ["a caret outside of a name", "5e", "^", "values"],
    ["a backslash in a text of one value", "5c", "\\", "text"],
    ["a space", "20", " ", "name"],
  ] as const)("%s does not", (_, code, text, place) => {
    expect(decode(hex(`${CYRILLIC} ${code} fc`), place)).toBe(`Лю${text}ќ`);
  });

  test("delimiters inside of a two-byte character are none", () => {
    // JIS X 0208 row 27 column 62 is 3B 5E, 市 is 3B 54; 3D 5C and 3B 5E hold bytes of "=", "\" and "^".
    const text = decode(hex("1b2442 3b5e 3d5c 1b2842 5c 41"), "name");
    expect(text).toBe(`${new TextDecoder("iso-2022-jp").decode(hex("1b2442 3b5e 3d5c 1b2842"))}\\A`);
    expect(text).toHaveLength(4);
  });

  test("decodes JIS X 0212", () => {
    // 丂 is the first character of JIS X 0212, row 16.
    expect(decode(hex("1b242844 3021 1b2842 41"))).toBe("丂A");
  });

  test("replaces what no set has, and nothing of what stands beside it", () => {
    expect(textDecodingFor("\\ISO 2022 IR 87")(hex("41 fc 42"))).toBe("A\uFFFDB");
    expect(decode(hex("1b242943 fb 41"))).toBe("\uFFFDA");
    expect(decode(hex("1b2442 3b"))).toBe("\uFFFD");
  });

  test("replaces an escape sequence that is not known, and what it designates", () => {
    expect(decode(hex("41 1b2d5a fcfc 5c fc"))).toBe("A\uFFFD\uFFFD\uFFFD\\ü");
    expect(decode(hex("41 1b"))).toBe("A\uFFFD");
  });

  test("takes time in proportion to the length", () => {
    const time = (length: number): number => {
      const bytes = Buffer.alloc(length, hex("1b2442 3b5e 1b2842 41"));
      const started = performance.now();
      decode(bytes, "name");
      return performance.now() - started;
    };
    time(100_000);
    expect(time(800_000) / Math.max(time(100_000), 1)).toBeLessThan(40);
  });
});
