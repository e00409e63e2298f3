/** A formula cut into what stands in it, with the values of the lines above in their places. */
import { readable, unitText } from "./format";
import { t } from "./i18n";
import { WORDS, type Word } from "./words";

export interface Piece {
  kind: "value" | "word" | "sign";
  text: string;
  /** For a value: what it is, and its unit. */
  label?: string;
  unit?: string;
}

export interface Line {
  name: string;
  label: string;
  value: string;
  unit: string;
}

const TOKEN = /\s+|\[[^\]]*\]|[A-Za-z_]\w*|\d+(?:\.\d+)?|[<>=!]=|./g;
const SIGNS: Record<string, string> = { "*": "×", "-": "−", "/": "÷", ">=": "≥", "<=": "≤", "!=": "≠", "==": "=" };

/** Fill a formula in. */
export function filled(formula: string, lines: Map<string, Line>): Piece[] {
  const pieces: Piece[] = [];
  for (const [token] of formula.matchAll(TOKEN)) {
    if (!token.trim()) continue;
    const line = lines.get(token);
    if (line) pieces.push({ kind: "value", text: readable(line.value), label: line.label, unit: unitText(line.unit) });
    else if (/^[A-Za-z_]/.test(token)) pieces.push({ kind: "word", text: named(token) });
    else if (token.startsWith("[")) lend(pieces, token.slice(1, -1).trim());
    else pieces.push({ kind: /^\d/.test(token) ? "value" : "sign", text: SIGNS[token] ?? token });
  }
  return pieces;
}

/** A unit in brackets belongs to the number before it. */
function lend(pieces: Piece[], unit: string): void {
  const last = pieces.at(-1);
  if (last) last.unit = unitText(unit);
}

/** A function or a little word of the formula language, as people say it. */
function named(token: string): string {
  const word = `fn_${token}`;
  return word in WORDS ? t(word as Word) : token;
}
