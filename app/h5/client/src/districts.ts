/** The city's districts, by their codes in GB/T 2260; an unknown one is shown as its code. */
import { pick, t } from "./i18n";

const DISTRICTS: Record<string, readonly [string, string]> = {
  "321102": ["京口区", "Jingkou"],
  "321111": ["润州区", "Runzhou"],
  "321112": ["丹徒区", "Dantu"],
  "321181": ["丹阳市", "Danyang"],
  "321182": ["扬中市", "Yangzhong"],
  "321183": ["句容市", "Jurong"],
};
/** What a newcomer has who has not said where they live. */
const UNSAID = "000000";

/** A district's name. */
export function districtName(code: string): string {
  if (!code || code === UNSAID) return t("not_said");
  const found = DISTRICTS[code];
  return found ? pick(...found) : code;
}

/** What a person may choose from; what they have now is among it. */
export function districtChoices(now: string): { code: string; name: string }[] {
  const codes = Object.keys(DISTRICTS);
  if (!codes.includes(now)) codes.unshift(now);
  return codes.map((code) => ({ code, name: districtName(code) }));
}
