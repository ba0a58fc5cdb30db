/**
 * Passkeys as the browser has them: what the server asks goes in, what the authenticator answers comes out, as JSON.
 *
 * It touches `navigator.credentials` and nothing else.
 *
 * Invariant: bytes travel in base64url without padding, as WebAuthn Level 3 writes them.
 */

/** Whether this browser has passkeys at all. */
export const hasPasskeys = () =>
  typeof PublicKeyCredential === 'function' && typeof navigator.credentials?.create === 'function'

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(plain, (one) => one.charCodeAt(0))
}

export function text(buffer: ArrayBuffer): string {
  const plain = String.fromCharCode(...new Uint8Array(buffer))
  return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

type Described = { id: string; type: 'public-key'; transports?: AuthenticatorTransport[] }
const described = (all: Described[] = []) => all.map((one) => ({ ...one, id: bytes(one.id) }))

type AskedNew = Omit<PublicKeyCredentialCreationOptions, 'challenge' | 'user' | 'excludeCredentials'> & {
  challenge: string
  user: { id: string; name: string; displayName: string }
  excludeCredentials?: Described[]
}
type Asked = Omit<PublicKeyCredentialRequestOptions, 'challenge' | 'allowCredentials'> & {
  challenge: string
  allowCredentials?: Described[]
}

/** Makes one. */
export async function make(options: object): Promise<object> {
  const asked = (options as { publicKey: AskedNew }).publicKey
  const made = (await navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: described(asked.excludeCredentials),
    },
  })) as PublicKeyCredential | null
  if (!made) throw new DOMException('none was made', 'NotAllowedError')
  const response = made.response as AuthenticatorAttestationResponse
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    response: {
      attestationObject: text(response.attestationObject),
      clientDataJSON: text(response.clientDataJSON),
      transports: response.getTransports?.() ?? [],
    },
    clientExtensionResults: made.getClientExtensionResults(),
  }
}

/** Shows one. */
export async function show(options: object): Promise<object> {
  const asked = (options as { publicKey: Asked }).publicKey
  const shown = (await navigator.credentials.get({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      allowCredentials: described(asked.allowCredentials),
    },
  })) as PublicKeyCredential | null
  if (!shown) throw new DOMException('none was shown', 'NotAllowedError')
  const response = shown.response as AuthenticatorAssertionResponse
  return {
    id: shown.id,
    rawId: text(shown.rawId),
    type: shown.type,
    response: {
      authenticatorData: text(response.authenticatorData),
      clientDataJSON: text(response.clientDataJSON),
      signature: text(response.signature),
      userHandle: response.userHandle ? text(response.userHandle) : null,
    },
    clientExtensionResults: shown.getClientExtensionResults(),
  }
}
