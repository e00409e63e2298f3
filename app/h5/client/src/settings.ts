/** What this service says about itself to its page. */
import { shallowRef } from "vue";

interface ClientSettings {
  /** A place to try things: a token may be pasted, codes lie in the inbox page. */
  development: boolean;
  /** Where the programme's days begin and end. */
  zone: string;
}

const PLACE = "puhui.zone";

export const settings = shallowRef<ClientSettings>({
  development: false,
  zone: localStorage.getItem(PLACE) ?? "Asia/Shanghai",
});

/** Ask once; without an answer nothing special is offered. */
export async function askSettings(): Promise<void> {
  try {
    const answer = await fetch("/client.json", { cache: "no-cache" });
    if (!answer.ok) return;
    const told = (await answer.json()) as Partial<ClientSettings>;
    settings.value = { ...settings.value, ...told };
    localStorage.setItem(PLACE, settings.value.zone); // days are the same in the tunnel
  } catch {
    // offline: nothing to offer
  }
}
