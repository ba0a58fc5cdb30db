/** A QR code as a shape to draw: pure, no canvas, sharp at any size. */
import { correction, generate } from 'lean-qr'

/** What the standard wants blank around a code, in modules. */
export const QUIET = 4

/** The dark modules of `text` as an SVG path on a grid of `size`; readable with a seventh of it dirty. */
export function qr(text: string): { size: number; path: string } {
  const code = generate(text, { minCorrectionLevel: correction.M })
  let path = ''
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      if (!code.get(x, y)) continue
      const from = x
      while (code.get(x + 1, y)) x++
      path += `M${from} ${y}h${x + 1 - from}v1H${from}z`
    }
  }
  return { size: code.size, path }
}
