/**
 * The token of the set-up address. It is taken out of the address before anything else of the page runs, and lives in
 * this page's memory only.
 *
 * Invariant: no request, no other page and no entry of the history ever has it.
 */
function taken(): string | null {
  const { pathname, search } = window.location
  if (pathname !== '/setup' || !search) return null
  window.history.replaceState(window.history.state, '', pathname)
  return new URLSearchParams(search).get('token')
}

export const setUpToken = taken()
