/** Whether the service can be reached, as the phone knows and as the last calls found. */
import { ref } from "vue";

const online = ref(navigator.onLine);
const waiting = new Set<() => unknown>();

window.addEventListener("online", () => set(true));
window.addEventListener("offline", () => set(false));

export const isOnline = {
  value: online,

  /** What a call found: an answer of any kind, or nobody there. */
  found(reached: boolean): void {
    if (reached !== online.value) set(reached);
  },

  /** Do this whenever the service is there again; returns how to stop. */
  onBack(what: () => unknown): () => void {
    waiting.add(what);
    return () => void waiting.delete(what);
  },
};

function set(now: boolean): void {
  online.value = now;
  // Later, so that the call which found it out has come to its end.
  if (now) queueMicrotask(() => waiting.forEach((each) => void each()));
}
