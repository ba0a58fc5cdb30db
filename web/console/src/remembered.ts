/**
 * Small choices kept in this browser (language, theme, columns, an unsent report), under one prefix.
 *
 * Invariant: a browser that refuses storage (private mode, full disk) loses the memory, never the page.
 */
const PREFIX = 'tillguard.'

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name)
  } catch {
    return null
  }
}

/** Returns whether it was kept. */
export function remember(name: string, value: string | null): boolean {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name)
    else localStorage.setItem(PREFIX + name, value)
    return true
  } catch {
    return false
  }
}
