/** What is wrong with which field, as people are told it. */
import { english, t, wide } from "../i18n";
import type { Word } from "../words";

interface Wrong {
  field: string;
  code: string;
  problem: string;
}

const LABELS: Record<string, Word> = {
  nickname: "nickname",
  birth_year: "birth_year",
  district_code: "district",
  phone: "phone",
  code: "code",
  card: "card_number",
  join_code: "join_code",
  points: "points",
  note: "field_note",
  wish: "correction_wish",
  happened_from: "trip_part",
  happened_until: "trip_part",
};

/** One sentence for all of them; empty if the refusal names none. */
export function fieldsText(errors: unknown): string {
  if (!Array.isArray(errors)) return "";
  const told = (errors as Partial<Wrong>[]).map((each) => {
    const label = LABELS[each.field?.split(".").at(-1) ?? ""];
    const text = readable(each.code ?? "", each.problem ?? "");
    return label ? t("field_is", { field: t(label), problem: text }) : text;
  });
  return [...new Set(told)].join(english.value ? "; " : "；");
}

/** A pattern, or words of another language, help nobody. */
function readable(code: string, problem: string): string {
  const text = problem.replace(/^Value error, /, "");
  const foreign = !english.value && !/[\u4e00-\u9fff]/.test(text);
  return !text || foreign || code === "string_pattern_mismatch" ? t("field_wrong") : wide(text);
}
