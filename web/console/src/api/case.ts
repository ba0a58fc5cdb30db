/**
 * What people bring to a case and say on it: files and comments.
 *
 * Invariant: no page builds a path of its own.
 */
import { address, get, post, upload, type OnItsWay } from './http'
import type { Attachment, AttachmentPurpose, Attachments, Mentionable, Mentions, TimelineItem } from './types'

const of = (id: string) => `/incidents/${encodeURIComponent(id)}`
const one = (id: string, file: string) => `${of(id)}/attachments/${encodeURIComponent(file)}`

/** Files of an incident. */
export const attachments = {
  list: (id: string) => get<Attachments>(`${of(id)}/attachments`),
  add: (id: string, name: string, purpose: AttachmentPurpose, sent: Blob, way: OnItsWay) =>
    upload<Attachment>(`${of(id)}/attachments`, { name, purpose }, sent, way),
  /** By what a file is known that is kept elsewhere. */
  state: (key: string, id: string, name: string, size: number, sha256: string) =>
    post<Attachment>(`${of(id)}/attachments/stated`, { name, size, sha256 }, key),
  /** Where the browser gets what is in one. */
  address: (id: string, file: string) => address(one(id, file)),
  withdraw: (key: string, id: string, file: string, ground: string) =>
    post<Attachment>(`${one(id, file)}/withdraw`, { ground }, key),
}

/** What is said on an incident, and who is asked by name. */
export const comments = {
  add: (key: string, id: string, text: string, mentions: string[]) =>
    post<TimelineItem>(`${of(id)}/comments`, { text, mentions }, key),
  mentionable: (id: string) => get<Mentionable>(`${of(id)}/mentionable`),
  /** Where somebody asked the reader. */
  ofMe: () => get<Mentions>('/mentions'),
  /** Says that the reader has seen it. */
  looked: (id: string) => post<Mentions>(`${of(id)}/mentions/seen`),
}
