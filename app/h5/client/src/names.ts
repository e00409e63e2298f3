/** What providers and scenarios are called, and how a person without a name is. */
import { get, last } from "./api/client";
import { pick, t } from "./i18n";
import { useLoad } from "./load";

/** The public lists, and the names in them; a code stands for itself until they are there. */
export function useNames() {
  const providers = useLoad((signal) => get("/v1/providers", { signal }), { first: last("/v1/providers"), news: false });
  const methods = useLoad((signal) => get("/v1/methodologies", { signal }), { first: last("/v1/methodologies"), news: false });

  function provider(code: string | null): string {
    const found = providers.value.value?.items.find((each) => each.provider === code);
    return found ? pick(found.name_zh, found.name_en) : (code ?? "");
  }

  function scenario(id: string | null): string {
    const found = methods.value.value?.items.find((each) => each.methodology === id);
    return found ? pick(found.title_zh, found.title_en) : (id ?? "");
  }

  return { providers, methods, provider, scenario };
}

/** Who has not chosen a name has one that a machine made: eight hexadecimal digits or more. */
export function isUnnamed(nickname: string): boolean {
  return !nickname || /[0-9a-f]{8,}$/.test(nickname);
}

/** A person as others read them. */
export function called(nickname: string): string {
  return isUnnamed(nickname) ? t("newcomer") : nickname;
}
