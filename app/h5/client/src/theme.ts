/** Light, dark, or as the phone wishes. */
import { ref, watchEffect } from "vue";

export type Theme = "auto" | "light" | "dark";

const PLACE = "puhui.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const wished = ref(dark.matches);
const known = localStorage.getItem(PLACE);

export const theme = ref<Theme>(known === "light" || known === "dark" ? known : "auto");

/** Look like this from now on, also next time. */
export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  localStorage.setItem(PLACE, chosen);
}

dark.addEventListener("change", () => {
  wished.value = dark.matches;
});

watchEffect(() => {
  const isDark = theme.value === "dark" || (theme.value === "auto" && wished.value);
  document.documentElement.classList.toggle("van-theme-dark", isDark);
});
