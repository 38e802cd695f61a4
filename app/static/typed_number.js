// Numbers as people type them, read as the service reads them: app/codecs/typed_number.py is the rule, and a test has
// both read the same texts.
const EDGES = /^[\t-\r\x1c- \x85\u2028\u2029\p{Zs}]+|[\t-\r\x1c- \x85\u2028\u2029\p{Zs}]+$/gu; // what Python strips
const SPACES = /[ \u00a0\u2007\u2009\u202f'\u2019]/g; // and apostrophes, between thousands
const SPACED = /^[+-]?[1-9]\d{0,2}( \d{3})+([.,]\d*)?$/;
const MARKED = /^[+-]?[1-9]\d{0,2}((,\d{3})+\.\d*|(\.\d{3})+,\d*|(,\d{3}){2,}|(\.\d{3}){2,})$/;
const IN_TWO_WAYS = /^[+-]?[1-9]\d{0,2},\d{3}$/; // decimals or thousands
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

// Returns whether what is typed into a field means that there is no value: nothing, or a word for it.
export function isNoValue(field) {
  const words = ["", ...JSON.parse(field.dataset.words ?? "[]")]; // and the numbers that some of them are
  return words.includes(field.value.replace(EDGES, "")) || words.includes(parseTyped(field.value));
}

// Returns the number; NaN if the text is none, or can be read in two ways.
export function parseTyped(text) {
  let number = text.replaceAll("\u2212", "-").replace(EDGES, "").replace(SPACES, " ");
  if (SPACED.test(number)) number = number.replaceAll(" ", "");
  else if (MARKED.test(number)) number = number.replaceAll(number.match(/[.,]/)[0], "");
  else if (IN_TWO_WAYS.test(number)) return NaN;
  number = number.replace(",", ".");
  return NUMBER.test(number) ? Number(number) : NaN;
}
