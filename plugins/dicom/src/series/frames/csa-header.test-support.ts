/** A CSA header with these texts: the later form with its mark, or the earlier one. */
export function csaHeader(values: Readonly<Record<string, readonly string[]>>, form: "SV10" | "earlier" = "SV10"): Uint8Array {
  const tags = Object.entries(values);
  const words = (...numbers: readonly number[]): Buffer => {
    const buffer = Buffer.alloc(numbers.length * 4);
    numbers.forEach((number, at) => buffer.writeInt32LE(number, at * 4));
    return buffer;
  };
  const parts = [...(form === "SV10" ? [Buffer.from("SV10\u0004\u0003\u0002\u0001", "latin1")] : []), words(tags.length, 77)];
  const [[, first] = ["", []]] = tags;
  for (const [name, texts] of tags) {
    const head = Buffer.alloc(64);
    head.write(name, "latin1");
    parts.push(head, words(texts.length), Buffer.from("FD\0\0"), words(4, texts.length, 77));
    for (const text of texts) {
      const value = Buffer.from(`${text}\0`, "latin1");
      const length = value.length;
      parts.push(form === "SV10" ? words(length, length, 77, length) : words(length + first.length, length + first.length, 77, length), value, Buffer.alloc((4 - (length % 4)) % 4));
    }
  }
  return Buffer.concat(parts);
}
