/** Which language the page speaks, and its words. */
import { computed, ref, watchEffect } from "vue";
import { WORDS, type Word } from "./words";

export type Language = "zh-CN" | "en";

const PLACE = "puhui.language";

export const language = ref<Language>(first());

watchEffect(() => {
  document.documentElement.lang = language.value;
  document.title = language.value === "en" ? "Puhui" : "普惠 Puhui";
});

export const english = computed(() => language.value === "en");

/** Speak this one from now on, also next time. */
export function choose(chosen: Language): void {
  language.value = chosen;
  localStorage.setItem(PLACE, chosen);
}

/** A word or sentence, with its numbers filled in. */
export function t(word: Word, facts: Record<string, string | number> = {}): string {
  const text = WORDS[word][english.value ? 1 : 0];
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(facts[name] ?? ""));
}

/** One of a pair that the service gave. */
export function pick(zh: string, en: string): string {
  return wide(english.value ? en || zh : zh || en);
}

const WIDE: Record<string, string> = { ",": "，", ":": "：", ";": "；", "?": "？", "!": "！" };

/** A sentence of the service as it is printed: beside a Chinese letter stand Chinese marks. */
export function wide(text: string): string {
  return text
    .replace(/([\u4e00-\u9fff”）])([,:;?!])/g, (_, letter: string, mark: string) => letter + WIDE[mark])
    .replace(/([,:;?!])(?=[\u4e00-\u9fff“])/g, (mark) => WIDE[mark] ?? mark)
    .replace(/\(([^()]*[\u4e00-\u9fff][^()]*)\)/g, "（$1）");
}

function first(): Language {
  const chosen = localStorage.getItem(PLACE);
  if (chosen === "zh-CN" || chosen === "en") return chosen;
  return navigator.languages.some((each) => each.startsWith("zh")) || !navigator.language.startsWith("en")
    ? "zh-CN"
    : "en";
}
