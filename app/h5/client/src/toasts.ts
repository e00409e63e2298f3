/** Short sentences over the page, also read aloud. */
import { ref } from "vue";

export interface Toast {
  id: number;
  text: string;
  kind: "good" | "bad" | "plain";
}

const STAYS_MS = 4_000;

export const toasts = ref<Toast[]>([]);
let count = 0;

/** Say something for a moment. */
export function toast(text: string, kind: Toast["kind"] = "plain"): void {
  const id = ++count;
  toasts.value = [...toasts.value.slice(-2), { id, text, kind }];
  window.setTimeout(() => {
    toasts.value = toasts.value.filter((each) => each.id !== id);
  }, STAYS_MS);
}
