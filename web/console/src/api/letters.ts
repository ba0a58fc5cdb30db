/** Letters of an incident to banks and payment institutions. */
import { file, get, post, put } from './http'
import type { Letter, LetterAnswerIn, LetterIn, Letters, LetterSend } from './types'

const of = (id: string) => `/incidents/${encodeURIComponent(id)}/letters`
const one = (id: string) => `/letters/${encodeURIComponent(id)}`

export const letters = {
  list: (id: string) => get<Letters>(of(id)),
  write: (key: string, id: string, said: LetterIn) => post<Letter>(of(id), said, key),
  /** Has a draft say something else. */
  change: (key: string, id: string, said: LetterIn) => put<Letter>(one(id), said, key),
  /** Its document, which is made when somebody first asks for it. */
  document: (id: string) => file(`${one(id)}/document`),
  send: (key: string, id: string, said: LetterSend) => post<Letter>(`${one(id)}/send`, said, key),
  answer: (key: string, id: string, said: LetterAnswerIn) => post<Letter>(`${one(id)}/answer`, said, key),
  withdraw: (key: string, id: string, ground?: string) =>
    post<Letter>(`${one(id)}/withdraw`, { ground }, key),
}
