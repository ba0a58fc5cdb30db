/**
 * The token of an invitation's link. It stands behind the `#`, which no browser sends, and is taken out of the address
 * before anything else of the page runs.
 *
 * Invariant: no request, no other page and no entry of the history ever has it.
 */
function taken(): string | null {
  const { pathname, hash } = window.location
  if (pathname !== '/join' || hash.length < 2) return null
  window.history.replaceState(window.history.state, '', pathname)
  return hash.slice(1)
}

export const joinToken = taken()

/** The address that opens an invitation. */
export const joinAddress = (token: string) => `${window.location.origin}/join#${token}`
