/** Which page this is, and how a newer one is fetched when the service asks for it. */
import { ref } from "vue";

declare const __APP__: string;

/** As the service wants it said: `h5/1.2.3`. */
export const APP = __APP__;

const TRIED = "puhui.updated";

/** The service asks for a newer page, and loading once more brought none. */
export const outdated = ref(false);

/** Load the newest page; false if that was tried and this is still the old one, unless a person asks. */
export async function update(asked = false): Promise<boolean> {
  if (!asked && sessionStorage.getItem(TRIED) === APP) return false;
  sessionStorage.setItem(TRIED, APP);
  for (const name of await caches.keys()) await caches.delete(name);
  for (const each of await navigator.serviceWorker.getRegistrations()) await each.unregister();
  location.reload();
  return true;
}

/** A part of an older build that is not there any more: the newer page has its own. */
export function watchBuild(): void {
  window.addEventListener("vite:preloadError", () => {
    if (navigator.onLine) void update();
  });
}
