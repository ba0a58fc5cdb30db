/** What must follow a loss, and what the police wrote about it. */
import { get, post } from './http'
import type { Duty, PoliceCase, PolicePaper } from './types'

const within = encodeURIComponent

export interface DutyProof {
  reference?: string
  statement?: string
  /** A file of the incident. */
  attachment?: string
  done_at?: string
}

/** What must follow a loss. */
export const duties = {
  done: (key: string, id: string, proof: DutyProof) =>
    post<Duty>(`/duties/${within(id)}/done`, { proof }, key),
  notNeeded: (key: string, id: string, ground: string) =>
    post<Duty>(`/duties/${within(id)}/not-needed`, { ground }, key),
  confirmNotNeeded: (key: string, id: string) =>
    post<Duty>(`/duties/${within(id)}/not-needed/confirm`, {}, key),
  handOver: (key: string, id: string, to: string) =>
    post<Duty>(`/duties/${within(id)}/hand-over`, { to }, key),
  extend: (key: string, id: string, until: string, ground: string) =>
    post<Duty>(`/duties/${within(id)}/extend`, { until, ground }, key),
  reopen: (key: string, id: string, ground: string) =>
    post<Duty>(`/duties/${within(id)}/reopen`, { ground }, key),
}

/** The case at the police, by the incident. */
export const policeCases = {
  look: (id: string) => get<PoliceCase>(`/incidents/${within(id)}/police`),
  enter: (key: string, id: string, paper: PolicePaper) =>
    post<PoliceCase>(`/incidents/${within(id)}/police`, paper, key),
  takeBack: (key: string, id: string, ground: string) =>
    post<PoliceCase>(`/incidents/${within(id)}/police/take-back`, { ground }, key),
}
