/*
 * Amounts on the screen: integers of minor units (BigInt) and their text. Money is never a float.
 * Imported by grid.js and allocate.js under its plain name: the hashed storage leaves imports alone.
 */

/* 1234567n with 2 digits after the point is "12,345.67"; below zero it has a true minus sign. */
export function amountText(minor, exponent) {
  const [sign, whole, part] = pieces(minor, exponent);
  return sign.replace("-", "−") + whole.replace(/\B(?=(\d{3})+$)/g, ",") + part;
}

/* The same as somebody types it: "12345.67". */
export function plainText(minor, exponent) {
  return pieces(minor, exponent).join("");
}

/* "1,234.5", "(20.00)" or "−14.09" as minor units; nothing typed is zero; null when it is no amount. */
export function minorFrom(text, exponent) {
  const bare = text.replace(/[\s,']/g, "").replace("−", "-").replace(/^\((.*)\)$/, "-$1");
  const parts = /^(-?)(\d*)(?:\.(\d*))?$/.exec(bare);
  if (!parts || (parts[3] ?? "").length > exponent) return null;
  const minor = BigInt((parts[2] || "0") + (parts[3] ?? "").padEnd(exponent, "0"));
  return parts[1] ? -minor : minor;
}

function pieces(minor, exponent) {
  const digits = String(minor < 0n ? -minor : minor).padStart(exponent + 1, "0");
  const split = digits.length - exponent;
  return [minor < 0n ? "-" : "", digits.slice(0, split), exponent ? "." + digits.slice(split) : ""];
}
