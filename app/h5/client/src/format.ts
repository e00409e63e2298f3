/** Numbers and times as people in the city read them. */
import { english, language, t } from "./i18n";
import { settings } from "./settings";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface Amount {
  number: string;
  unit: string;
}

/** Grams as a number and its unit: 660 g, 1.240 kg, 3.105 t. */
export function mass(grams: number): Amount {
  const size = Math.abs(grams);
  if (size < 1_000) return { number: whole(grams), unit: t("gram") };
  if (size < 1_000_000) return { number: decimal(grams / 1_000), unit: t("kilogram") };
  return { number: decimal(grams / 1_000_000), unit: t("tonne") };
}

/** Grams in one text. */
export function massText(grams: number): string {
  const { number, unit } = mass(grams);
  return `${number} ${unit}`;
}

/** A whole number with its groups. */
export function whole(value: number): string {
  return new Intl.NumberFormat(language.value).format(value);
}

/** Points that came or went. */
export function signed(value: number): string {
  return value > 0 ? `+${whole(value)}` : whole(value).replace("-", "−");
}

/** An amount of money. */
export function yuan(fen: number): string {
  return `¥${fen % 100 ? (fen / 100).toFixed(2) : fen / 100}`;
}

/** The civil day of a moment in the city, as 2026-03-01. */
export function dayOf(at: string | number | Date): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: settings.value.zone }).format(new Date(at));
}

/** The moment at which a civil day of the city has this hour. */
export function momentOf(day: string, hour: number): Date {
  const guess = Date.parse(`${day}T00:00:00Z`) + hour * HOUR_MS;
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: settings.value.zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  }).formatToParts(guess);
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value);
  const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
  return new Date(guess - (shown - guess));
}

/** The day so many days before a day. */
export function daysBefore(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - count * DAY_MS).toISOString().slice(0, 10);
}

/** A day in words: today, yesterday, 20 Nov. */
export function dayText(day: string, short = false): string {
  const today = dayOf(new Date());
  if (day === today) return t("today");
  if (day === daysBefore(today, 1)) return t("yesterday");
  const sameYear = day.slice(0, 4) === today.slice(0, 4);
  return formatted(`${day}T04:00:00Z`, {
    month: english.value ? "short" : "long",
    day: "numeric",
    ...(sameYear ? (short ? {} : { weekday: "short" }) : { year: "numeric" }),
  });
}

/** A day with its year, for things that end. */
export function dateText(at: string): string {
  const whole_day = /^\d{4}-\d{2}-\d{2}$/.test(at) ? `${at}T04:00:00Z` : at;
  return formatted(whole_day, { year: "numeric", month: english.value ? "short" : "long", day: "numeric" });
}

/** The hour of a moment. */
export function timeText(at: string): string {
  return formatted(at, { hour: "2-digit", minute: "2-digit", hour12: false });
}

/** A day's first letter for a chart. */
export function weekday(day: string): string {
  return formatted(`${day}T04:00:00Z`, { weekday: "narrow" });
}

/** A month's name for a chart, from 2026-03. */
export function monthText(month: string): string {
  return formatted(`${month.slice(0, 7)}-15T04:00:00Z`, { month: english.value ? "short" : "numeric" });
}

/** A unit as it is printed: kgCO2e/p.km is kg CO₂e/person·km. */
export function unitText(unit: string): string {
  return unit
    .replace(/CO2e/g, " CO₂e")
    .replace(/\bp\.km\b/g, t("person_km"))
    .replace(/(^|\/)p($|\/)/g, `$1${t("person")}$2`);
}

/** An exact decimal, cut to what a person reads. */
export function readable(value: string): string {
  if (!/^-?\d+\.\d{5,}$/.test(value)) return value;
  return String(Number(Number(value).toPrecision(value.startsWith("0.") ? 4 : 6)));
}

function decimal(value: number): string {
  const exact = { minimumFractionDigits: 3, maximumFractionDigits: 3 };
  return new Intl.NumberFormat(language.value, exact).format(value);
}

function formatted(at: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(language.value, { timeZone: settings.value.zone, ...options }).format(new Date(at));
}
