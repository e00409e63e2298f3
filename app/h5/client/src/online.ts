/** Whether there is a network, as the phone knows and as the last calls found. */
import { ref } from "vue";

const online = ref(navigator.onLine);
const waiting = new Set<() => unknown>();

window.addEventListener("online", () => {
  online.value = true;
  waiting.forEach((each) => void each());
});
window.addEventListener("offline", () => {
  online.value = false;
});

export const isOnline = {
  value: online,

  /** Do this whenever the network comes back; returns how to stop. */
  onBack(what: () => unknown): () => void {
    waiting.add(what);
    return () => void waiting.delete(what);
  },
};
