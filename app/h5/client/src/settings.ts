/** What this service says about itself to its page. */
import { shallowRef } from "vue";

interface ClientSettings {
  /** A place to try things: a token may be pasted, codes lie in the inbox page. */
  development: boolean;
}

export const settings = shallowRef<ClientSettings>({ development: false });

/** Ask once; without an answer nothing special is offered. */
export async function askSettings(): Promise<void> {
  try {
    const answer = await fetch("/client.json", { cache: "no-cache" });
    if (answer.ok) settings.value = (await answer.json()) as ClientSettings;
  } catch {
    // offline: nothing to offer
  }
}
