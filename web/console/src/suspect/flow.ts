/**
 * The picture of where money went: places in three columns, and what moved between them.
 *
 * Invariant: what has no amount is not drawn; a thicker line is more money of the same currency.
 */
import type { MoneyEdge, MoneyPlace, MoneyState } from '@/api'

/** A sign for each state, so that none is told by its colour alone. */
export const SHAPE: Record<MoneyState, string> = {
  unknown: '?',
  declined: '×',
  authorised: '○',
  in_batch: '◔',
  batch_closed: '◑',
  settled: '●',
  paid_out: '◆',
  refunded: '↩',
  reversed: '↶',
  charged_back: '⚑',
}

export interface Box {
  key: string
  place: MoneyPlace
  /** Of a recipient that is named. */
  edge: MoneyEdge | null
  minor: number
  x: number
  y: number
}
export interface Line {
  key: string
  path: string
  width: number
}

export const BOX = { width: 216, height: 54, gap: 14 }
const COLUMNS = [0, 372, 744]
export const WIDTH = 960
const THICK = 18

const column = (place: MoneyPlace) =>
  place === 'payers' || place === 'shop' ? 0 : place === 'recipient' ? 2 : 1
const end = (edge: MoneyEdge) =>
  edge.to === 'recipient' ? `recipient ${edge.recipient?.card ?? edge.recipient?.payer ?? ''}` : edge.to

/** Where each place stands, and the lines between them. */
export function laidOut(edges: MoneyEdge[]): { boxes: Box[]; lines: Line[]; height: number } {
  const boxes = new Map<string, Box>()
  const free = [0, 0, 0]
  function put(key: string, place: MoneyPlace, edge: MoneyEdge | null, minor: number) {
    const there = boxes.get(key)
    if (there) there.minor += minor
    else {
      const at = column(place)
      boxes.set(key, { key, place, edge, minor, x: COLUMNS[at]!, y: free[at]! })
      free[at]! += BOX.height + BOX.gap
    }
  }
  const moved = edges.filter((edge) => edge.minor > 0)
  for (const edge of moved) {
    // A state has what came into it.
    if (column(edge.from) === 0) put(edge.from, edge.from, null, edge.minor)
    put(end(edge), edge.to, edge.to === 'recipient' ? edge : null, edge.minor)
  }
  const most = Math.max(1, ...moved.map((edge) => edge.minor))
  const lines = moved.flatMap((edge) => {
    const [from, to] = [boxes.get(edge.from), boxes.get(end(edge))]
    if (!from || !to) return []
    const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2]
    const [x2, y2] = [to.x - 10, to.y + BOX.height / 2]
    const middle = (x1 + x2) / 2
    return [
      {
        key: `${edge.from} ${end(edge)}`,
        path: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`,
        width: Math.max(1.5, (edge.minor / most) * THICK),
      },
    ]
  })
  return { boxes: [...boxes.values()], lines, height: Math.max(...free, BOX.height) - BOX.gap }
}
