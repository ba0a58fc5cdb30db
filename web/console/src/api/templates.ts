/** Templates of the house's documents. */
import { get, post, put } from './http'
import type { TemplateName, Templates, TemplateText, TemplateTry } from './types'

const within = encodeURIComponent
const at = (id: string, rest = '') => `/templates/${within(id)}${rest}`

export const templates = {
  all: () => get<Templates>('/templates'),
  begin: (key: string, template: TemplateName) => post<TemplateText>('/templates', { template }, key),
  one: (id: string) => get<TemplateText>(at(id)),
  write: (key: string, id: string, said: { sha256: string; text: string }) =>
    put<TemplateText>(at(id), said, key),
  preview: (said: TemplateTry) => post('/templates/preview', said, undefined, (answer) => answer.blob()),
  propose: (key: string, id: string, said: { sha256: string; note: string | null }) =>
    post<TemplateText>(at(id, '/propose'), said, key),
  signOff: (key: string, id: string, said: { sha256: string; note: string | null }) =>
    post<TemplateText>(at(id, '/sign-off'), said, key),
  sendBack: (key: string, id: string, note: string) =>
    post<TemplateText>(at(id, '/send-back'), { note }, key),
  withdraw: (key: string, id: string, note: string | null) =>
    post<TemplateText>(at(id, '/withdraw'), { note }, key),
}
