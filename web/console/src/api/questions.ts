/**
 * Questions whether a terminal is with its shop, and what is answered. Who misses one reports it.
 *
 * Invariant: no page builds a path of its own.
 */
import { get, post } from './http'
import type { Question, QuestionAction, Questions } from './types'

const of = (id: string) => `/questions/${encodeURIComponent(id)}`

export const questions = {
  open: () => get<Questions>('/questions'),
  one: (id: string) => get<Question>(of(id)),
  answer: (key: string, id: string, answer: QuestionAction) => post<Question>(`${of(id)}/${answer}`, {}, key),
}
