/**
 * Where the duties of a playbook are drawn: a column for whose they are, below what comes before them.
 *
 * Invariant: no two boxes overlap, and every arrow leads downwards.
 */
import type { PlaybookDuty } from '@/api'

export const BOX = { width: 216, height: 90 }
const GAP = { across: 64, down: 36 }
const LANES = 6
export const COLUMNS = ['shop', 'acquirer'] as const
export const HEAD_HEIGHT = 34

export interface Box {
  duty: PlaybookDuty
  x: number
  y: number
}

export interface Arrow {
  from: string
  to: string
  path: string
}

export interface Picture {
  width: number
  height: number
  boxes: Box[]
  arrows: Arrow[]
}

export function pictureOf(duties: PlaybookDuty[]): Picture {
  const rows = new Map<string, number>()
  const free = [0, 0]
  const boxes = duties.map((duty) => {
    const column = duty.whose === 'acquirer' ? 1 : 0
    const before = duty.after.map((name) => (rows.get(name) ?? -1) + 1)
    const row = Math.max(free[column]!, ...before, 0)
    free[column] = row + 1
    rows.set(duty.duty, row)
    return {
      duty,
      x: column * (BOX.width + GAP.across) + 1,
      y: HEAD_HEIGHT + row * (BOX.height + GAP.down),
    }
  })
  const at = new Map(boxes.map((box) => [box.duty.duty, box]))
  /** Arrows from different boxes go down different lanes. */
  const lanes = new Map(
    [...new Set(duties.flatMap((duty) => duty.after))].map((name, lane) => [name, lane % LANES]),
  )
  const arrows = boxes.flatMap((to) =>
    to.duty.after.flatMap((name) => {
      const from = at.get(name)
      return from && from !== to
        ? [{ from: name, to: to.duty.duty, path: pathOf(from, to, lanes.get(name) ?? 0) }]
        : []
    }),
  )
  return {
    width: COLUMNS.length * BOX.width + GAP.across + 2,
    height: HEAD_HEIGHT + Math.max(...free, 1) * (BOX.height + GAP.down),
    boxes,
    arrows,
  }
}

function pathOf(from: Box, to: Box, number: number): string {
  const [x1, y1] = [from.x + BOX.width / 2, from.y + BOX.height]
  const [x2, y2] = [to.x + BOX.width / 2, to.y]
  const isNext = y2 - y1 <= GAP.down
  if (from.x === to.x && isNext) return `M${x1} ${y1}V${y2}`
  // Past what lies between, in the gap between the columns.
  const lane = BOX.width + (GAP.across * (number + 1)) / (LANES + 1)
  const turn = (GAP.down * (number + 1)) / (LANES + 2)
  return `M${x1} ${y1}V${y1 + turn}H${lane}V${y2 - turn}H${x2}V${y2}`
}

/** How wide a letter and a Chinese character are at most, of a title and of what stands below it. */
const TITLE_PX = { letter: 7.8, wide: 13.2 }
export const SMALL_PX = { letter: 6.7, wide: 12.2 }
const TEXT_WIDTH = BOX.width - 24

/** A text in at most so many lines of a box. */
export function linesOf(title: string, px = TITLE_PX, most = 2): string[] {
  const widthOf = (one: string) => (one.codePointAt(0)! > 0x2e80 ? px.wide : px.letter)
  const lines: string[] = ['']
  let used = 0
  const words = title.match(/[\u2e80-\uffff]|[^\s\u2e80-\uffff]+|\s+/g) ?? []
  for (const word of words) {
    const width = [...word].reduce((sum, one) => sum + widthOf(one), 0)
    if (used + width > TEXT_WIDTH && used > 0) {
      if (lines.length === most) {
        lines[most - 1] = `${lines[most - 1]!.trimEnd().slice(0, -1)}…`
        return lines
      }
      lines.push('')
      used = 0
      if (!word.trim()) continue
    }
    lines[lines.length - 1] += word
    used += width
  }
  return lines
}
