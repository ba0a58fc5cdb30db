/** Calls about the inspection of a terminal that was found. */
import { get, post } from './http'
import type { Incident, InspectionIn, Inspections } from './types'

const at = (incident: string) => `/incidents/${encodeURIComponent(incident)}/inspection`

export const inspections = {
  list: (incident: string) => get<Inspections>(at(incident)),
  add: (key: string, incident: string, said: InspectionIn) => post<Incident>(at(incident), said, key),
}
