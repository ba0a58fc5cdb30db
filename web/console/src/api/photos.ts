/** Photos of a terminal, taken before anything is lost. */
import { address, get, post, upload, type OnItsWay } from './http'
import type { Photo, Photos, PhotoShows } from './types'

const of = (terminal: string) => `/terminals/${encodeURIComponent(terminal)}/photos`
const one = (id: string) => `/photos/${encodeURIComponent(id)}`

export const photos = {
  list: (terminal: string) => get<Photos>(of(terminal)),
  add: (terminal: string, shows: PhotoShows, caption: string | undefined, sent: Blob, way: OnItsWay) =>
    upload<Photo>(of(terminal), { shows, caption }, sent, way),
  /** Where the browser gets the picture. */
  address: (id: string) => address(one(id)),
  remove: (key: string, id: string, ground: string) => post<Photo>(`${one(id)}/remove`, { ground }, key),
}
