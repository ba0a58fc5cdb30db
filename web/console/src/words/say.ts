/**
 * How a word is written down: Chinese and English side by side, so that neither can be forgotten.
 *
 * Invariant: `say` takes both languages; a missing one fails the type check, and so the build.
 */

/** One word or sentence in both languages. */
export interface Said<T> {
  readonly zh: T
  readonly en: T
}

export function say(zh: string, en: string): Said<string>
export function say<A extends unknown[]>(
  zh: (...told: A) => string,
  en: (...told: NoInfer<A>) => string,
): Said<(...told: A) => string>
export function say<T>(zh: T, en: T): Said<T> {
  return { zh, en }
}

/** A word for each of the server's codes. */
export type Words<Code extends string> = Record<Code, Said<string>>

/** A tree of words in one language. */
export type Spoken<T> = T extends Said<infer W> ? W : { [K in keyof T]: Spoken<T[K]> }

/** `1 payment`, `2 payments`. */
export const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`

/** The tree in that language. */
export function spoken<T extends object>(tree: T, language: 'zh' | 'en'): Spoken<T> {
  const within = (value: object): unknown =>
    'zh' in value && 'en' in value ? value[language] : spoken(value, language)
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [key, within(value as object)]),
  ) as Spoken<T>
}
