/**
 * A mail server as people know it from their mail program, and as the server takes it: one address (docs/OPERATIONS.md,
 * Mail).
 */

/** How the connection is encrypted: from the first byte, by STARTTLS, or not at all. */
export const SECURITIES = ['tls', 'starttls', 'none'] as const
export type Security = (typeof SECURITIES)[number]

export interface MailServer {
  /** `mail.example.com`, with a port where it is another than the usual: `mail.example.com:2525`. */
  server: string
  user: string
  password: string
  security: Security
}

const SCHEME = { tls: 'smtps', starttls: 'smtp', none: 'smtp' }
const OPTION = { tls: '', starttls: '?tls=required', none: '?tls=none' }

/** Its address, or null where no server is named. */
export function mailAddress({ server, user, password, security }: MailServer): string | null {
  const [host, name] = [server.trim(), user.trim()]
  if (!host) return null
  const login = name || password ? `${encodeURIComponent(name)}:${encodeURIComponent(password)}@` : ''
  return `${SCHEME[security]}://${login}${host}${OPTION[security]}`
}
