/** Longest Decimal String, in characters (PS3.5 table 6.2-1). */
const MAX_LENGTH = 16;
/** More digits tell no double from another. */
const MAX_DIGITS = 17;

/** The Decimal String of at most 16 characters that lies nearest to a finite number. */
export function decimalString(number: number): string {
  return shortened((digits) => Number(number.toPrecision(digits)));
}

/** The least Decimal String with as many digits as 16 characters hold that is not below a positive number. */
export function decimalStringNotBelow(number: number): string {
  return shortened((digits) => {
    const [mantissa, exponent] = number.toExponential(digits - 1).split("e") as [string, string];
    const nearest = Number(`${mantissa}e${exponent}`);
    if (nearest >= number) return nearest;
    const next = BigInt(mantissa.replace(".", "")) + 1n;
    return Number(`${next}e${Number(exponent) - digits + 1}`);
  });
}

function shortened(rounded: (digits: number) => number): string {
  for (let digits = MAX_DIGITS; digits > 0; digits--) {
    const value = rounded(digits);
    const fitting = [String(value), value.toExponential()].find((text) => text.length <= MAX_LENGTH);
    if (fitting !== undefined) return fitting;
  }
  throw new TypeError("a number that is not finite has no Decimal String");
}
