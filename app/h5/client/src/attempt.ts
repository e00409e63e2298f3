/** One write at a time, with every refusal told. */
import { ref } from "vue";
import { Offline, Problem } from "./api/problem";
import { t } from "./i18n";
import type { Word } from "./words";
import { toast } from "./toasts";

/** Whether a write is under way, and how to begin one: true when it is done. */
export function useAttempt(offline: Word = "offline_nothing") {
  const busy = ref(false);

  async function attempt(work: () => Promise<unknown>): Promise<boolean> {
    busy.value = true;
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof Offline) toast(t(offline), "bad");
      else if (error instanceof Problem) toast(error.message, "bad");
      else throw error;
      return false;
    } finally {
      busy.value = false;
    }
  }

  return { busy, attempt };
}
