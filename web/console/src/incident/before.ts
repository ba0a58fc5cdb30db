/** What an item of the inspection is compared with. */
import type { PhotoOnRecord, PhotoShows } from '@/api'

/** What is to be looked for where. */
const SHOWN: Record<string, PhotoShows[]> = {
  identity: ['label'],
  seals: ['seal', 'screw'],
  housing: ['front', 'back', 'port', 'other'],
}

export const photosOf = (item: string, photos: PhotoOnRecord[]): PhotoOnRecord[] =>
  photos.filter((one) => SHOWN[item]?.includes(one.shows))
