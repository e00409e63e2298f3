/** What a person calls a card, on this phone only: the service keeps nothing to know it by. */
import { ref } from "vue";
import { session } from "./session";

const PLACE = "puhui.labels";

const labels = ref<Record<string, string>>(read());

session.onEnd(() => {
  if (session.ended.value === "left") put({});
});

/** The name of a link; empty without one. */
export function labelOf(link: string): string {
  return labels.value[link] ?? "";
}

/** Call it so from now on. */
export function label(link: string, text: string): void {
  const others = Object.entries(read()).filter(([each]) => each !== link);
  put(Object.fromEntries(text.trim() ? [...others, [link, text.trim()]] : others));
}

function read(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "{}") as Record<string, string>;
  } catch {
    return {};
  }
}

function put(all: Record<string, string>): void {
  if (Object.keys(all).length) localStorage.setItem(PLACE, JSON.stringify(all));
  else localStorage.removeItem(PLACE);
  labels.value = all;
}
